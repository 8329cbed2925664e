import { asHubbubError } from "../../../client/errors.ts";
import { accountNamePattern } from "../../../wire/names.ts";

export type FieldName = "name" | "password" | "code" | "current" | "next";

/** What is wrong with what somebody entered, or with the moment. */
export interface Problem {
  /** Where it stands; without, it is not about one field. */
  readonly field?: FieldName;
  readonly text: string;
  /** When trying again makes sense, milliseconds since the Unix epoch. */
  readonly retryAtMs?: number;
}

export const NAME_RULE = "3 to 32 letters, digits, underscores, hyphens and dots.";
const PASSWORD_CHARACTERS = { min: 8, max: 256 };

/** What the server calls its fields in front of what it says about them. */
const serverFields: Readonly<Record<string, FieldName>> = {
  name: "name",
  password: "password",
  current_password: "current",
  new_password: "next",
};

/** Says where what the server refused is to be mended. */
export function problemOf(
  thrown: unknown,
  form: "sign in" | "register" | "password" | "code",
): Problem {
  const error = asHubbubError(thrown);
  const { code, retryAfterMs } = error;
  if (code === "NAME_TAKEN") return { field: "name", text: "That name is taken." };
  if (code === "INVALID_CREDENTIALS") {
    return form === "password"
      ? { field: "current", text: "That is not your password." }
      : { field: "password", text: "Name or password is wrong." };
  }
  if (code === "INVALID_CODE") {
    return { field: "code", text: "That code is wrong, expired or used up." };
  }
  if (code === "FACTOR_LOCKED") return { field: "code", text: error.text };
  if (code === "UNREACHABLE") return { text: "The server does not answer. Try again." };
  const [, name = "", rest] = /^(\w+): (.*)$/.exec(error.text) ?? [];
  const field = serverFields[name];
  if (field !== undefined && rest !== undefined) return { field, text: asSentence(field, rest) };
  if (retryAfterMs === 0) return { text: error.text };
  const text = code === "RATE_LIMITED" ? "Too many tries." : error.text;
  return { text, retryAtMs: Date.now() + retryAfterMs };
}

/** What can be seen to be wrong without the server. */
export function wrongName(name: string): Problem | undefined {
  if (accountNamePattern.test(name)) return undefined;
  return { field: "name", text: name === "" ? "Enter a name." : NAME_RULE };
}

/** As `wrongName`, about a password that is to be a new one. */
export function wrongNewPassword(field: FieldName, password: string): Problem | undefined {
  const characters = [...password.normalize("NFKC")].length;
  const { min, max } = PASSWORD_CHARACTERS;
  if (characters >= min && characters <= max) return undefined;
  return { field, text: `${min} to ${max} characters.` };
}

/** As `wrongName`, about a password that is to be checked. */
export function missing(field: FieldName, password: string): Problem | undefined {
  return password === "" ? { field, text: "Enter your password." } : undefined;
}

function asSentence(field: FieldName, text: string): string {
  const subject = field === "name" ? "The name" : "The password";
  if (text.startsWith("it is ")) return `${subject} ${text.slice(3)}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
