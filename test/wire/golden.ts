import { readFileSync } from "node:fs";

export interface GoldenFrame {
  readonly name: string;
  readonly side: "client" | "server";
  readonly json: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The frames of golden.txt, which says how it is written. */
export const goldenFrames: readonly GoldenFrame[] = readFileSync(
  new URL("./golden.txt", import.meta.url),
  "utf8",
)
  .split(/^== /m)
  .slice(1)
  .map((section) => {
    const [title = "", ...lines] = section.split("\n");
    const isJson = (line: string) => line.startsWith("{");
    return {
      name: title,
      side: title.startsWith("client: ") ? "client" : "server",
      json: lines.filter(isJson).join(""),
      bytes: fromHex(lines.filter((line) => !isJson(line)).join("\n")),
    };
  });

/** Reads hex in which blanks and everything from `#` to the line's end are left out. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(text.replace(/#.*$|\s/gm, ""));
}
