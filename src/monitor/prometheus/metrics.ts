import type { exposition } from "./exposition.ts";
import type { Sources } from "./scene.ts";

/** `/metrics`. One instance a server; one that nobody asks loads nothing. */
export class Metrics {
  readonly #sources: Sources;
  #scrape: Promise<ReturnType<typeof exposition>> | undefined;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  async answer(): Promise<Response> {
    this.#scrape ??= this.#load();
    const { contentType, text } = await (await this.#scrape)();
    return new Response(text, {
      headers: { "content-type": contentType, "cache-control": "no-store" },
    });
  }

  async #load() {
    const { exposition } = await import("./exposition.ts");
    return exposition(this.#sources);
  }
}
