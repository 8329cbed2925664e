import { describe, expect, test } from "bun:test";
import { localAddress } from "../../src/cli/health.ts";
import { folder, PATIENCE_MS, refusalOf, run } from "../support/command.ts";
import { startProcess } from "../support/process.ts";

describe("hubbub health", () => {
  test(
    "says by its exit code whether a server takes messages",
    async () => {
      using data = folder();
      const server = await startProcess(data.path);
      const well = { code: 0, err: "", out: `${server.url} takes messages.\n` };
      expect(await run(["health", server.url])).toEqual(well);
      expect(await run(["health"], { HUBBUB_URL: server.url })).toEqual(well);
      const { port } = new URL(server.url);
      expect(await run(["health"], { HUBBUB_HOST: "0.0.0.0", HUBBUB_PORT: port })).toEqual(well);
      expect(await server.end("SIGTERM")).toBe(0);
      expect(await refusalOf(["health", server.url])).toBe(`${server.url} does not answer.`);
    },
    PATIENCE_MS,
  );

  test(
    "tells why a server takes none",
    async () => {
      using reply = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        fetch: () =>
          Response.json({ ready: false, reasons: ["the disk refuses writes"] }, { status: 503 }),
      });
      const url = `http://127.0.0.1:${reply.port}`;
      const refusal = await refusalOf(["health", url]);
      expect(refusal).toBe(`${url} takes no messages: the disk refuses writes.`);
      expect(await refusalOf(["health", "chat"])).toStartWith("The server's address is like");
    },
    PATIENCE_MS,
  );

  test.each([
    ["127.0.0.1", "http://127.0.0.1:4000"],
    ["0.0.0.0", "http://127.0.0.1:4000"],
    ["::", "http://[::1]:4000"],
    ["10.0.0.5", "http://10.0.0.5:4000"],
  ])("asks a server that listens on %s at %s", (host, url) => {
    expect(localAddress({ host, port: 4000 })).toBe(url);
  });
});
