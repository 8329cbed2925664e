import { THREAD } from "./page_data.ts";
import { BUN } from "./places.ts";
import { HELPERS, OUTSIDE } from "./table.ts";

/**
 * Tints that dark text is readable on, in a light page and in a dark one: 7:1 at least. The hues of
 * the rooms are those of Okabe and Ito, which people with any kind of colour vision can tell apart.
 */
const colors: Readonly<Record<string, string>> = {
  wire: "#8ccaf0",
  session: "#f2bd63",
  channels: "#74d1ae",
  store: "#f0a183",
  auth: "#dfaed0",
  monitor: "#f0e67a",
  serve: "#b9d66b",
  [BUN]: "#c4ccd6",
  [OUTSIDE]: "#aab6c4",
  [HELPERS]: "#aab6c4",
  [THREAD]: "#e6e9ed",
};

const PACKAGE = "#bdb4ec";

export function colorOf(room: string): string {
  return colors[room] ?? PACKAGE;
}

/** A frame that the search has found. */
export const FOUND = "#ff5fb0";
