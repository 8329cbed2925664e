/** What a coding of HTTP is called in `Content-Encoding`; `identity` is none. */
export type Coding = "br" | "gzip" | "identity";

/** One file as it is served: made and compressed once. */
export interface ServedFile {
  /** Its path in the address, such as `/assets/main-3f9x.js`; of a page, its name: `chat`. */
  readonly path: string;
  /** For `Content-Type`. */
  readonly type: string;
  /** Of its content: another one whenever that is another. */
  readonly hash: string;
  /** Always `identity`, and those codings that make it smaller. */
  readonly bodies: Partial<Record<Coding, Uint8Array<ArrayBuffer>>>;
}

interface PackedFile extends Omit<ServedFile, "bodies"> {
  readonly bodies: Partial<Record<Coding, string>>;
}

/** All files in one text, to be handed from one process to another, kept, or put into a program. */
export function pack(files: readonly ServedFile[]): string {
  return JSON.stringify(
    files.map((file): PackedFile => {
      const bodies: PackedFile["bodies"] = {};
      for (const [coding, body] of entries(file.bodies)) bodies[coding] = body.toBase64();
      return { ...file, bodies };
    }),
  );
}

/** @throws SyntaxError where it is not whole. */
export function unpack(text: string): ServedFile[] {
  return (JSON.parse(text) as PackedFile[]).map((file) => {
    const bodies: ServedFile["bodies"] = {};
    for (const [coding, body] of entries(file.bodies)) bodies[coding] = Uint8Array.fromBase64(body);
    return { ...file, bodies };
  });
}

function entries<Value>(bodies: Partial<Record<Coding, Value>>): [Coding, Value][] {
  return Object.entries(bodies) as [Coding, Value][];
}
