import fc from "fast-check";

/** Around every place where a varint grows by a byte, and where an int32 ends. */
export const boundaries: readonly number[] = [
  0,
  1,
  ...[7, 14, 21, 28].flatMap((bits) => [2 ** bits - 1, 2 ** bits, 2 ** bits + 1]),
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];

export const anyUint32: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(...boundaries),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);

/** Both zeros, no numbers and infinities among them. */
export const anyDouble: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 5e-324, 1_700_000_000_000),
  fc.double(),
);

/** Numbers of characters on both sides of where lengths take a byte more, and loops end. */
const lengths = [8, 31, 32, 33, 42, 43, 63, 64, 126, 127, 128, 1023, 1024, 1025, 8192, 16_384];

function textOf(unit: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const long = fc.tuple(unit, fc.constantFrom(...lengths), fc.constantFrom("", "é", "👋"));
  return fc.oneof(
    { weight: 8, arbitrary: fc.string({ unit }) },
    { weight: 1, arbitrary: long.map(([one, times, end]) => one.repeat(times) + end) },
  );
}

const someUnits = fc.constantFrom("a", "z", "\0", "\x7f", "\x80", "é", "\u07ff", "\u0800", "字");
const astralUnits = fc.constantFrom("\uffff", "\ufeff", "\ufffd", "👋", "\u{10000}", "\u{10ffff}");

/** Text without surrogates that lack their other half: empty, short, long, of one byte a character to four. */
export const anyWellFormedText: fc.Arbitrary<string> = fc.oneof(
  textOf(fc.constantFrom("a", "b", " ", "~")),
  textOf(fc.oneof(someUnits, astralUnits)),
  fc.string({ unit: "binary" }),
);

/** Any text that JavaScript can hold. */
export const anyText: fc.Arbitrary<string> = textOf(
  fc.oneof(someUnits, astralUnits, fc.constantFrom("\ud800", "\udbff", "\udc00", "\udfff")),
);
