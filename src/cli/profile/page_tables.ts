/** The tables of the page. Runs in the browser. */
import { signed } from "./compare_text.ts";
import { changeOf, comparedTables, type Difference } from "./compared.ts";
import type { PageData } from "./page_data.ts";
import { shownPlace } from "./places.ts";
import { colorOf } from "./room_colors.ts";
import type { Cost, ProfileTable } from "./table.ts";
import { decimal, percent } from "./table_text.ts";

const SHOWN_FUNCTIONS = 40;

/** A cell: text, a number, or the name of a room with its colour. */
type Cell = string | { readonly number: string } | { readonly room: string };

/** What stands beneath the graphs: costs of one profile, or changes between two. */
export function tablesOf({ profiles }: PageData): HTMLElement[] {
  const [first, second] = profiles;
  if (first === undefined) return [];
  return second === undefined ? costTables(first.table) : changeTables(first.table, second.table);
}

function costTables({ rooms, functions }: ProfileTable): HTMLElement[] {
  const columns = ["self", "of all CPU", "total", "of all CPU"];
  const functionRows = (sorted: ProfileTable["functions"]) =>
    sorted
      .slice(0, SHOWN_FUNCTIONS)
      .map((cost) => [
        cost.name,
        { room: cost.room },
        cost.thread,
        ...costCells(cost),
        shownPlace(cost),
      ]);
  const heads = ["function", "room", "thread", ...columns.map(numeric), "where"];
  const byTotal = functions.toSorted((a, b) => b.totalMsPerSecond - a.totalMsPerSecond);
  return [
    table(
      "By room, in ms of CPU a second",
      ["room", ...columns.map(numeric)],
      rooms.map((cost) => [{ room: cost.room }, ...costCells(cost)]),
    ),
    table("The functions with the biggest self time", heads, functionRows(functions)),
    table("The functions with the biggest total time", heads, functionRows(byTotal)),
  ];
}

function changeTables(before: ProfileTable, after: ProfileTable): HTMLElement[] {
  const { rooms, functions, server } = comparedTables(before, after);
  const columns = ["before", "of all CPU", "after", "of all CPU", "change"].map(numeric);
  return [
    table(
      "By room, self time in ms of CPU a second",
      ["room", ...columns],
      [
        ...rooms.map((difference) => [{ room: difference.room }, ...changeCells(difference)]),
        ["all of the server", ...changeCells(server)],
      ],
    ),
    table(
      "The functions that changed most",
      ["function", "room", "thread", ...columns, "file"],
      functions
        .slice(0, SHOWN_FUNCTIONS)
        .map((difference) => [
          ...[difference.name, { room: difference.room }, difference.thread],
          ...changeCells(difference),
          difference.file,
        ]),
    ),
  ];
}

function costCells(cost: Cost): Cell[] {
  return [
    numeric(decimal(cost.selfMsPerSecond)),
    numeric(percent(cost.selfShare)),
    numeric(decimal(cost.totalMsPerSecond)),
    numeric(percent(cost.totalShare)),
  ];
}

function changeCells({ before, after }: Difference): Cell[] {
  return [
    numeric(decimal(before.msPerSecond)),
    numeric(percent(before.share)),
    numeric(decimal(after.msPerSecond)),
    numeric(percent(after.share)),
    numeric(signed(changeOf({ before, after }))),
  ];
}

function numeric(number: string): { readonly number: string } {
  return { number };
}

function table(title: string, columns: readonly Cell[], rows: readonly (readonly Cell[])[]) {
  const frame = document.createElement("div");
  frame.className = "table";
  const table = frame.appendChild(document.createElement("table"));
  table.createCaption().textContent = title;
  const heading = table.createTHead().insertRow();
  for (const column of columns) {
    const cell = heading.appendChild(document.createElement("th"));
    cell.scope = "col";
    fill(cell, column);
  }
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const cell of row) fill(line.insertCell(), cell);
  }
  return frame;
}

function fill(element: HTMLElement, cell: Cell): void {
  if (typeof cell === "string") element.textContent = cell;
  else if ("number" in cell) {
    element.textContent = cell.number;
    element.className = "number";
  } else element.append(roomLabel(cell.room));
}

/** The room's name beside its colour. */
export function roomLabel(room: string): HTMLElement {
  const label = document.createElement("span");
  label.className = "room";
  const patch = label.appendChild(document.createElement("i"));
  patch.style.background = colorOf(room);
  label.append(room);
  return label;
}
