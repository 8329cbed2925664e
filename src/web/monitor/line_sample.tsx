import { lineDash } from "./colors.ts";

/** A piece of a chart's line as it is drawn, in its colour and its dashes. */
export function LineSample({ index }: { index: number }) {
  return (
    <svg class="sample" viewBox="0 0 24 8" aria-hidden="true">
      <line
        x1="1"
        y1="4"
        x2="23"
        y2="4"
        class={`line-${(index % 8) + 1}`}
        stroke-dasharray={lineDash(index).join(" ")}
      />
    </svg>
  );
}
