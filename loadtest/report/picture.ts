import { chartSvg } from "./chart_svg.ts";
import type { Figure } from "./charts/figure.ts";
import { escapeText } from "./html.ts";
import { FONT_FAMILY } from "./render_png.ts";

/** Sizes in px of the drawing. A README shows it at about four fifths: hence the large letters. */
export const WIDTH = 1040;
export const MARGIN = 28;

export const ink = {
  text: "#1c2128",
  quiet: "#57606a",
  line: "#d0d7de",
  surface: "#f6f8fa",
  bad: "#b3261e",
  good: "#1a7f37",
  caution: "#8a5a00",
} as const;

/** A part of the picture, drawn from (0, 0) down. */
export interface Block {
  readonly svg: string;
  readonly heightPx: number;
}

interface TextStyle {
  readonly sizePx: number;
  readonly bold?: boolean;
  readonly fill?: string;
}

/** One line of text; `y` is its baseline. */
export function textAt(x: number, y: number, text: string, style: TextStyle): string {
  const weight = style.bold ? ' font-weight="700"' : "";
  const fill = style.fill ?? ink.text;
  return `<text x="${x}" y="${y}" font-size="${style.sizePx}"${weight} fill="${fill}">${escapeText(text)}</text>`;
}

/** Lines of text below each other. */
export function paragraph(lines: readonly string[], sizePx: number, fill: string): Block {
  const pitch = Math.round(sizePx * 1.4);
  const svg = lines.map((line, index) =>
    textAt(0, (index + 1) * pitch - 5, line, { sizePx, fill }),
  );
  return { svg: svg.join(""), heightPx: lines.length * pitch };
}

const GUTTER = 36;
const COLUMN = (WIDTH - 2 * MARGIN - GUTTER) / 2;
const CHART_HEIGHT = 300;
const TITLE_HEIGHT = 34;

/** Graphs in two columns, each with its title. */
export function chartGrid(
  charts: readonly { title: string; option: ReturnType<Figure["option"]> }[],
): Block {
  const pitch = TITLE_HEIGHT + CHART_HEIGHT + 22;
  const svg = charts.map(({ title, option }, index) => {
    const x = (index % 2) * (COLUMN + GUTTER);
    const y = Math.floor(index / 2) * pitch;
    return (
      `<g transform="translate(${x} ${y})">${textAt(0, 16, title, { sizePx: 15, bold: true })}` +
      `<g transform="translate(0 ${TITLE_HEIGHT})">${chartSvg(option, COLUMN, CHART_HEIGHT)}</g></g>`
    );
  });
  return { svg: svg.join(""), heightPx: Math.ceil(charts.length / 2) * pitch };
}

/** The blocks below each other, with a margin around, as one SVG document. */
export function pictureOf(blocks: readonly Block[]): string {
  let y = MARGIN;
  const placed = blocks.map(({ svg, heightPx }) => {
    const group = `<g transform="translate(${MARGIN} ${y})">${svg}</g>`;
    y += heightPx;
    return group;
  });
  const height = Math.ceil(y + MARGIN / 2);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
    `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="${FONT_FAMILY}">` +
    `${placed.join("")}</svg>`
  );
}
