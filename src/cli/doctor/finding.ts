/** How bad it is: right, to be looked at, or to be mended. */
export type Level = "ok" | "warn" | "fail";

/** What one look has found. */
export interface Finding {
  readonly about: string;
  readonly level: Level;
  /** One sentence or two. */
  readonly text: string;
  /** What to do about it. */
  readonly advice?: string;
}

export const ok = (about: string, text: string): Finding => ({ about, level: "ok", text });

export const warn = (about: string, text: string, advice: string): Finding => ({
  about,
  level: "warn",
  text,
  advice,
});

export const fail = (about: string, text: string, advice: string): Finding => ({
  about,
  level: "fail",
  text,
  advice,
});

/** What a look finds; that it could not look is a finding as well. */
export async function looked(
  about: string,
  look: () => readonly Finding[] | Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException;
    if (code === "EACCES" || code === "EPERM") {
      const advice = "Ask as the user that the server runs as, or as root.";
      return [fail(about, `${path ?? "Something"} may not be looked at (${code}).`, advice)];
    }
    const said = String(message).split("\n", 1)[0];
    return [fail(about, `It could not be looked at: ${said}.`, "Ask once more.")];
  }
}

/** `1,234 MB`, or with one digit more where there are few. */
export function megabytes(bytes: number): string {
  const mb = bytes / 1e6;
  return `${mb.toLocaleString("en", { maximumFractionDigits: mb < 10 ? 1 : 0 })} MB`;
}
