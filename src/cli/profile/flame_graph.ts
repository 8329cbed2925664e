/** One flame graph of the page. Runs in the browser. */
import flamegraph, { type Drawn } from "d3-flame-graph";
import { select } from "d3-selection";
import type { Frame, PagedProfile } from "./page_data.ts";
import { colorOf, FOUND } from "./room_colors.ts";
import { shownTime } from "./table_text.ts";

const ROW_PX = 20;
/** Narrower frames are not drawn until somebody zooms in. */
const LEAST_PX = 1;

interface FlameGraphPart {
  readonly element: HTMLElement;
  search(term: string): void;
}

/** The graph with a line above that tells of the frame under the pointer. */
export function flameGraph({ name, table, flames }: PagedProfile): FlameGraphPart {
  const element = document.createElement("section");
  element.className = "flames";
  const heading = document.createElement("h2");
  const { version, takenAt, seconds } = table;
  heading.textContent = `${name}: Hubbub ${version}, ${shownTime(takenAt)}, ${seconds.toFixed(1)} s`;
  const reset = document.createElement("button");
  reset.type = "button";
  reset.textContent = "Whole server";
  const found = document.createElement("output");
  const bar = document.createElement("p");
  bar.className = "bar";
  bar.append(reset, found);
  const place = document.createElement("div");
  place.className = "graph";
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", `Flame graph of ${name}; the tables have its numbers`);
  const details = document.createElement("p");
  details.className = "details";
  element.append(heading, bar, details, place);

  const hint = "Point at a frame to read it, click to zoom in.";
  const labelOf = ({ data }: Drawn<Frame>) => describe(data, table.cpuMsPerSecond);
  const show = (text: string | null) => {
    details.textContent = text || hint;
  };
  let term = "";
  let chart: ReturnType<typeof draw> | undefined;
  const draw = () =>
    flamegraph<Frame>()
      .width(place.clientWidth)
      .cellHeight(ROW_PX)
      .minFrameSize(LEAST_PX)
      .transitionDuration(0)
      .inverted(true)
      .sort((a, b) => b.data.value - a.data.value)
      .setColorMapper(({ data, highlight }) => (highlight ? FOUND : colorOf(data.room)))
      .setLabelHandler(labelOf)
      .setDetailsHandler(show)
      .setSearchMatch(({ data }, text) => matches(data, text))
      .setSearchHandler((_, sum) => {
        found.value = `Found: ${sum.toFixed(1)} ms a second, ${percent(sum / table.cpuMsPerSecond)} of the server's CPU time`;
      });
  const render = () => {
    place.replaceChildren();
    chart = draw();
    select(place).datum(flames).call(chart);
    search(term);
  };
  const search = (text: string) => {
    term = text;
    if (text !== "") return chart?.search(text);
    chart?.clear();
    found.value = "";
    show(null);
  };
  reset.addEventListener("click", () => chart?.resetZoom());
  // Its first call is the first drawing: only then is the width known.
  let width = 0;
  new ResizeObserver(() => {
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    requestAnimationFrame(render);
  }).observe(place);
  return { element, search };
}

function matches({ name, room, place }: Frame, text: string): boolean {
  return [name, room, place].some((part) => part.toLowerCase().includes(text.toLowerCase()));
}

function describe({ name, value, room, place }: Frame, whole: number): string {
  const where = place === "" ? room : `${room}, ${place}`;
  return `${name} (${where}): ${value.toFixed(1)} ms a second, ${percent(value / whole)} of the server's CPU time`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
