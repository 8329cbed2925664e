import { connect, createServer, type Server, type Socket } from "node:net";

/** A way to the server that breaks on demand: a port of its own whose connections it carries on. */
export class FlakyNetwork {
  readonly url: string;
  readonly #server: Server;
  readonly #pairs: Set<readonly [near: Socket, far: Socket]>;

  private constructor(server: Server, pairs: Set<readonly [Socket, Socket]>) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("it listens on no port");
    this.url = `http://127.0.0.1:${address.port}`;
    this.#server = server;
    this.#pairs = pairs;
  }

  /** @param portOf the server's port, asked for at every connection. */
  static async open(portOf: () => number): Promise<FlakyNetwork> {
    const pairs = new Set<readonly [Socket, Socket]>();
    const server = createServer((near) => {
      const far = connect(portOf(), "127.0.0.1");
      const pair = [near, far] as const;
      pairs.add(pair);
      for (const socket of pair) {
        // An error is followed by `close`, which is all that matters.
        socket.on("error", () => {});
        socket.on("close", () => {
          pairs.delete(pair);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new FlakyNetwork(server, pairs);
  }

  /** Breaks everything off, in the middle of whatever is under way. */
  cut(): void {
    for (const [near] of this.#pairs) near.destroy();
  }

  /**
   * What the client sends still arrives, but nothing comes back any more, until it is cut after
   * `afterMs`: so acknowledgements get lost whose messages are kept.
   */
  cutAnswersFirst(afterMs: number): void {
    for (const [near, far] of this.#pairs) {
      far.unpipe(near);
      far.resume();
      setTimeout(() => near.destroy(), afterMs);
    }
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
