import { LinkifyIt } from "linkify-it";

/** A part of a text that is a link. */
export interface FoundLink {
  /** Where it stands in the text, in UTF-16 units. */
  readonly begin: number;
  readonly end: number;
  /** What to show: as typed, but with the host as the browser understands it. */
  readonly shown: string;
  /** Where it leads: http or https, with nothing in it that could run. */
  readonly href: string;
}

/** Longer than anything that people pass on; bounds the work of one match. */
const MAX_LINK_UNITS = 2048;

// Only what says http:// or https:// itself. A guess from `readme.md` or `a.b` would make links of
// file names, and whoever can guess where a link leads can be guessed wrong.
const linkify = new LinkifyIt({ fuzzyEmail: false, fuzzyLink: false, maxLength: MAX_LINK_UNITS })
  .add("ftp:", null)
  .add("mailto:", null)
  .add("//", null);

/**
 * Characters that show nothing, or that turn round what stands beside them: the shown address would
 * not be the one that is opened. Also what programs use to mark text that nobody sees (tags).
 */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** The links of a text, in order. */
export function linksOf(text: string): FoundLink[] {
  if (!text.includes("://")) return [];
  const found: FoundLink[] = [];
  for (const { index, lastIndex, raw } of linkify.match(text) ?? []) {
    // `https://known.example@elsewhere.example/`: what stands before the @ is a name, not the host.
    const isCredentials = /^[^\s/?#]*@/.test(text.slice(lastIndex, lastIndex + MAX_LINK_UNITS));
    const link = isCredentials ? undefined : honestLink(raw);
    if (link) found.push({ begin: index, end: lastIndex, ...link });
  }
  return found;
}

/**
 * What is shown is where it leads: the host stands as the browser will ask for it. So a name in
 * other scripts is shown in its ASCII form (`xn--...`), which no letter that looks like another can
 * pass, and an address in disguise (`http://0x7f.1`) as the address it is. There are rules by which
 * browsers show some such names as written; they are long, change, and have been got round.
 *
 * Undefined for what should stay text: credentials before the host, unseen characters.
 */
function honestLink(typed: string): Pick<FoundLink, "shown" | "href"> | undefined {
  if (unseen.test(typed)) return undefined;
  if (!URL.canParse(typed)) return undefined;
  const { protocol, host, href, username, password } = new URL(typed);
  if (protocol !== "http:" && protocol !== "https:") return undefined;
  if (username !== "" || password !== "") return undefined;
  const rest = /^https?:\/\/[^/?#\\]*/i.exec(typed);
  if (!rest) return undefined;
  return { shown: `${protocol}//${host}${typed.slice(rest[0].length)}`, href };
}
