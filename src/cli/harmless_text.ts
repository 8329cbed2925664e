/** C0 controls, DEL, C1 controls (some terminals obey them), line and paragraph separators. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
/** Marks that make text run the other way, so that it reads as something else than it is. */
const directionMarks = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Somebody else's text, safe to write to a terminal: no escape sequence, no bell, no cursor
 * movement, and no line that could pass for a message of another author. Lines after the first are
 * indented by `indent`.
 */
export function harmless(text: string, indent: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) =>
      line
        .replaceAll("\t", "    ")
        .replace(controls, visible)
        .replace(directionMarks, (mark) => `<U+${hex(mark)}>`),
    )
    .join(`\n${indent}`);
}

/** What JSON leaves as it is and terminals obey, or programs that read by lines take for the end of one. */
const leftByJson = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * A value as JSON of which the same holds: everything that a terminal might obey, or that a program which
 * reads by lines might take for the end of one, is escaped, and is the same when it is read.
 */
export function harmlessJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    leftByJson,
    (character) => `\\u${hex(character).toLowerCase()}`,
  );
}

/** ESC as `␛`: the block Control Pictures repeats the C0 controls, 0x2400 higher. */
function visible(control: string): string {
  const code = control.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? "\u2421" : `<U+${hex(control)}>`;
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
}
