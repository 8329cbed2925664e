import type { Result, Verdict } from "../result.ts";
import { figures } from "./charts/figures.ts";
import {
  type KeyFigure,
  keyFigures,
  occasionOf,
  titleOf,
  verdictWords,
  warningsOf,
} from "./headline.ts";
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

const verdictInk: Readonly<Record<Verdict, string>> = {
  passed: ink.good,
  failed: ink.bad,
  "tester-bound": ink.caution,
  interrupted: ink.caution,
};

/** `report.png` as an SVG document: the verdict, the key figures and the graphs. */
export function reportPicture(result: Result): string {
  return pictureOf([
    heading(result),
    tiles(keyFigures(result)),
    chartGrid(figures.map((figure) => ({ title: figure.title, option: figure.option(result) }))),
  ]);
}

function heading(result: Result): Block {
  const verdict = { sizePx: 17, bold: true, fill: verdictInk[result.verdict] };
  const title = textAt(0, 20, titleOf(result), { sizePx: 22, bold: true });
  const words = textAt(0, 50, verdictWords[result.verdict], verdict);
  const because = paragraph(linesOf(result.because, INNER, 14, 3), 14, ink.text);
  const notes = [...warningsOf(result), occasionOf(result)];
  const quiet = paragraph(
    notes.flatMap((note) => linesOf(note, INNER, 12, 2)),
    12,
    ink.quiet,
  );
  const below = 60 + because.heightPx;
  return {
    svg:
      `${title}${words}<g transform="translate(0 60)">${because.svg}</g>` +
      `<g transform="translate(0 ${below})">${quiet.svg}</g>`,
    heightPx: below + quiet.heightPx + 14,
  };
}

const TILE_GAP = 12;
const TILE_HEIGHT = 74;
const TILES_IN_ROW = 3;

function tiles(shown: readonly KeyFigure[]): Block {
  const width = (INNER - (TILES_IN_ROW - 1) * TILE_GAP) / TILES_IN_ROW;
  const svg = shown.map(({ name, value, detail, bad }, index) => {
    const x = (index % TILES_IN_ROW) * (width + TILE_GAP);
    const y = Math.floor(index / TILES_IN_ROW) * (TILE_HEIGHT + TILE_GAP);
    return (
      `<g transform="translate(${x} ${y})">` +
      `<rect width="${width}" height="${TILE_HEIGHT}" rx="6" fill="${ink.surface}" stroke="${ink.line}"/>` +
      textAt(14, 22, name, { sizePx: 12, fill: ink.quiet }) +
      textAt(14, 46, value, { sizePx: 20, bold: true, fill: bad ? ink.bad : ink.text }) +
      `${textAt(14, 64, detail, { sizePx: 12, fill: ink.quiet })}</g>`
    );
  });
  const rows = Math.ceil(shown.length / TILES_IN_ROW);
  return { svg: svg.join(""), heightPx: rows * (TILE_HEIGHT + TILE_GAP) + 22 };
}
