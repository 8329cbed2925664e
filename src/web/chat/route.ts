import { type ReadonlySignal, signal } from "@preact/signals";
import { channelNamePattern } from "../../wire/names.ts";

/** What an address shows. `nowhere`: it is no channel's, and cannot become one's. */
export type Route =
  | { readonly kind: "home" }
  | { readonly kind: "channel"; readonly name: string; readonly seq: number | undefined }
  | { readonly kind: "nowhere" };

/** The largest number that a message can have. */
const MAX_SEQ = 0xffffffff;

export function routeOf(path: string): Route {
  if (path === "/") return { kind: "home" };
  const [, name = "", digits] = /^\/c\/([^/]*)(?:\/(\d{1,10}))?\/?$/.exec(path) ?? [];
  if (!channelNamePattern.test(name)) return { kind: "nowhere" };
  const seq = digits === undefined ? undefined : Number(digits);
  const isNumber = seq === undefined || (seq >= 1 && seq <= MAX_SEQ);
  return isNumber ? { kind: "channel", name, seq } : { kind: "nowhere" };
}

/** The address of a channel, or of one of its messages. */
export function pathOf(name: string, seq?: number): string {
  return seq === undefined ? `/c/${name}` : `/c/${name}/${seq}`;
}

/** Where the page is, by the History API. */
export class Navigation {
  readonly #route = signal(routeOf(location.pathname));
  readonly #listening = new AbortController();

  constructor() {
    const { signal } = this.#listening;
    window.addEventListener("popstate", () => this.#look(), { signal });
    document.addEventListener("click", (event) => this.#followLink(event), { signal });
  }

  get route(): ReadonlySignal<Route> {
    return this.#route;
  }

  /** @param how `replace` leaves no step back to where the page was. */
  go(path: string, how: "push" | "replace" = "push"): void {
    if (how === "replace") history.replaceState(null, "", path);
    else if (path !== location.pathname) history.pushState(null, "", path);
    this.#look();
  }

  stop(): void {
    this.#listening.abort();
  }

  #look(): void {
    this.#route.value = routeOf(location.pathname);
  }

  /** A plain click on a link within the chat loads nothing. */
  #followLink(event: MouseEvent): void {
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey);
    if (!isPlain || event.altKey || event.defaultPrevented || !(event.target instanceof Element)) {
      return;
    }
    const link = event.target.closest("a[href]");
    if (!(link instanceof HTMLAnchorElement) || link.target !== "" || link.download !== "") return;
    const { origin, pathname, hash } = new URL(link.href);
    if (origin !== location.origin || hash !== "" || !/^\/(c\/.*)?$/.test(pathname)) return;
    event.preventDefault();
    this.go(pathname);
  }
}
