import type { ServerWebSocket } from "bun";

/** Called for each delivery, with its number; it delivers as often as it likes. */
export type Fault = (receiver: number, deliver: () => void, message: number) => void;

/** Speaks as loadtest/baselines/servers/raw_bun.ts does, and delivers as badly as `fault` says. */
export class FaultyServer {
  fault: Fault = (_, deliver) => deliver();
  readonly #members: { socket: ServerWebSocket<string[]>; channels: string[] }[] = [];
  readonly #server: Bun.Server<string[]>;
  #messages = 0;

  constructor() {
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(request, server) {
        const channels = new URL(request.url).searchParams.get("channels")?.split(",") ?? [];
        server.upgrade(request, { data: channels });
      },
      websocket: {
        data: [] as string[],
        open: (socket) => {
          this.#members.push({ socket, channels: socket.data });
          socket.send("joined");
        },
        message: (_, message) => {
          this.#messages += 1;
          this.#members.forEach(({ socket, channels }, receiver) => {
            if (!channels.includes(`${message[0]}`)) return;
            this.fault(receiver, () => socket.send(message), this.#messages);
          });
        },
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** Cuts everybody's connection off. */
  cutAll(): void {
    for (const { socket } of this.#members) socket.terminate();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.stop(true);
  }
}
