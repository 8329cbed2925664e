import { compareFigures } from "./charts/compare_figures.ts";
import { compareTitle } from "./compare_html.ts";
import { caveatsOf, differenceRows } from "./compare_table.ts";
import type { Compared } from "./compared.ts";
import {
  type Block,
  chartGrid,
  ink,
  MARGIN,
  paragraph,
  pictureOf,
  textAt,
  WIDTH,
} from "./picture.ts";
import { linesOf } from "./text_width.ts";

const INNER = WIDTH - 2 * MARGIN;

/** `compare.png` as an SVG document. */
export function comparePicture(compared: readonly Compared[]): string {
  return pictureOf([
    heading(compared),
    chartGrid(compareFigures.map(({ title, option }) => ({ title, option: option(compared) }))),
  ]);
}

function heading(compared: readonly Compared[]): Block {
  const [title = ""] = linesOf(compareTitle(compared), INNER, 22, 1);
  const [, ...differences] = differenceRows(compared);
  const differing = differences.map(([name, ...values]) => `${name}: ${values.join(", ")}`);
  const lines = [...differing, ...caveatsOf(compared)].flatMap((line) =>
    linesOf(line, INNER, 13, 2),
  );
  const below = paragraph(lines, 13, ink.quiet);
  return {
    svg: `${textAt(0, 20, title, { sizePx: 22, bold: true })}<g transform="translate(0 32)">${below.svg}</g>`,
    heightPx: below.heightPx + 56,
  };
}
