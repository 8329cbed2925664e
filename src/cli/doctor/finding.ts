/** How bad it is: right, to be looked at, or to be mended. */
export type Level = "ok" | "warn" | "fail";

/** What one look has found. */
export interface Finding {
  readonly about: string;
  readonly level: Level;
  /** One sentence. */
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
