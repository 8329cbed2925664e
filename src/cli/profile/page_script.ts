/** The script of profile.html and compare.html. Runs in the browser. */
import { flameGraph } from "./flame_graph.ts";
import type { PageData } from "./page_data.ts";
import { roomLabel, tablesOf } from "./page_tables.ts";
import { unfairness } from "./table_text.ts";

const data = JSON.parse(document.getElementById("data")?.textContent ?? "") as PageData;
const page = document.querySelector("main") as HTMLElement;
document.title = data.title;

const heading = document.createElement("h1");
heading.textContent = data.title;

const explained = document.createElement("p");
explained.textContent =
  "The wider a frame, the more CPU time the function and what it called used; what it called stands beneath it. Frames have the colour of their room.";

const cautions = data.profiles.flatMap(({ table }) => {
  const text = unfairness(table);
  if (text === "") return [];
  const caution = document.createElement("p");
  caution.className = "caution";
  caution.textContent = text;
  return [caution];
});

const legend = document.createElement("p");
legend.className = "legend";
const rooms = data.profiles.flatMap(({ table }) => table.rooms.map(({ room }) => room));
legend.append(...[...new Set(rooms)].map(roomLabel));

const graphs = data.profiles.map(flameGraph);
const label = document.createElement("label");
label.textContent = "Find functions, rooms, files: ";
const field = label.appendChild(document.createElement("input"));
field.type = "search";
field.addEventListener("input", () => {
  for (const graph of graphs) graph.search(field.value.trim());
});

page.append(heading, explained, ...cautions, label, legend);
page.append(...graphs.map(({ element }) => element), ...tablesOf(data));
