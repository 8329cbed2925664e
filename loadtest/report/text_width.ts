/** Widths of Inter's letters, in parts of the letters' size, on the wide side. */
const widthsEm: readonly (readonly [letters: RegExp, em: number])[] = [
  [/[iljtfrI.,:;'’|!()[\]\s·]/, 0.34],
  [/[mwMW]/, 0.92],
  [/[A-Z0-9–—%≤…]/, 0.66],
  [/[\x20-\x7e]/, 0.58],
];

/** Of anything else: ideographs are square. */
const OTHER_EM = 1;

/** How wide a line of text will about be, in px: there is no browser here to measure it. */
export function textWidthPx(text: string, sizePx: number): number {
  let em = 0;
  for (const letter of text) {
    em += widthsEm.find(([letters]) => letters.test(letter))?.[1] ?? OTHER_EM;
  }
  return em * sizePx;
}

/**
 * Breaks text between words into at most `most` lines; what does not fit ends in an ellipsis, and a
 * word longer than a line is cut.
 */
export function linesOf(text: string, widthPx: number, sizePx: number, most: number): string[] {
  const fits = (line: string) => textWidthPx(line, sizePx) <= widthPx;
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (fits(longer)) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    while (!fits(line)) line = `${line.slice(0, -2)}…`;
  }
  lines.push(line);
  if (lines.length <= most) return lines;
  let last = `${lines[most - 1]} …`;
  while (!fits(last)) last = `${last.slice(0, -3)} …`;
  return [...lines.slice(0, most - 1), last];
}
