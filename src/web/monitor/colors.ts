/** The lines of a chart in order, as custom properties of style.css; then again from the first. */
const LINE_COLORS = 8;
/** Told apart without colours, too: solid, dashed, dotted, and so on. */
const dashes: readonly number[][] = [[], [7, 4], [2, 3], [9, 3, 2, 3], [4, 2], [1, 2], [12, 4]];

export function lineColor(index: number): string {
  return colorOf(`--line-${(index % LINE_COLORS) + 1}`);
}

export function lineDash(index: number): number[] {
  return dashes[index % dashes.length] ?? [];
}

let known = new Map<string, string>();
let probe: HTMLElement | undefined;

/** What a custom property is in the present colour scheme, as a canvas takes it. */
export function colorOf(property: string): string {
  let color = known.get(property);
  if (color !== undefined) return color;
  // `light-dark()` is worked out where it is used, not where it is defined.
  if (probe === undefined) {
    probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${property})`;
  color = getComputedStyle(probe).color;
  known.set(property, color);
  return color;
}

/** Calls back when the system's choice of light or dark changes. Returns what ends that. */
export function onSchemeChange(changed: () => void): () => void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const listen = () => {
    known = new Map();
    changed();
  };
  dark.addEventListener("change", listen);
  return () => dark.removeEventListener("change", listen);
}
