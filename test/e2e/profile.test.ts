import { describe, expect, test } from "bun:test";
import type { ServerProfile } from "../../src/monitor/cpu_profile.ts";
import { startProcess } from "../support/process.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { register, registerAdmin, setRole, startServer } from "../support/server.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";

interface Refused {
  readonly error: {
    readonly code: string;
    readonly text: string;
    readonly retry_after_ms?: number;
  };
}

function profile(url: string, accessToken: string | undefined, query = "", init: RequestInit = {}) {
  const headers = accessToken === undefined ? {} : { Authorization: `Bearer ${accessToken}` };
  return fetch(`${url}/profile${query}`, { method: "POST", headers, ...init });
}

async function refusalOf(answer: Response | Promise<Response>) {
  const response = await answer;
  return { status: response.status, ...((await response.json()) as Refused).error };
}

describe("a CPU profile of a running server", () => {
  test("shows all its threads at work, while it goes on working", async () => {
    const folder = makeFolder();
    const server = await startProcess(folder, {
      messagesPerSecond: 100_000,
      messageBurst: 100_000,
    });
    try {
      const { accessToken } = await register(server.url, "ada");
      setRole(`${folder}/hubbub.db`, "ada", "admin");
      const ada = await RawConnection.open(server.url, accessToken);
      const { channel } = await ada.expect("joined", { case: "join", value: { name: "general" } });
      await ada.expect("resumed", { case: "resume", value: {} });
      const id = channel?.id ?? 0;

      let isTaken = false;
      const taking = profile(server.url, accessToken, "?seconds=2&interval_us=500").then(
        async (response) => {
          isTaken = true;
          return { status: response.status, profile: (await response.json()) as ServerProfile };
        },
      );
      let sent = 0;
      while (!isTaken) {
        await Promise.all(
          Array.from({ length: 20 }, () => ada.expect("sent", send(id, `message ${sent++}`))),
        );
      }
      const { status, profile: taken } = await taking;
      expect(status).toBe(200);
      expect(sent).toBeGreaterThan(20);

      const urlsOf = ({ nodes }: Pick<ServerProfile, "nodes">) =>
        nodes.map(({ callFrame }) => callFrame.url);
      expect(urlsOf(taken).some((url) => url.endsWith("src/session/receive.ts"))).toBe(true);
      const { hubbub } = taken;
      expect(hubbub.threads.map(({ name }) => name)).toEqual(["writer", "reader"]);
      const [writer] = hubbub.threads;
      expect(
        writer && urlsOf(writer.profile).some((url) => url.endsWith("src/store/committer.ts")),
      ).toBe(true);
      expect(hubbub.main.durationMs).toBeGreaterThan(1900);
      expect(hubbub.main.cpuMs).toBeGreaterThan(0);
      expect(hubbub.intervalUs).toBe(500);
      const ours = [hubbub.main, ...hubbub.threads].reduce((sum, { cpuMs }) => sum + cpuMs, 0);
      expect(hubbub.processCpuMs).toBeGreaterThan(ours * 0.9);
      // As readers of .cpuprofile expect it.
      const ids = new Set(taken.nodes.map(({ id }) => id));
      expect(taken.samples.every((sample) => ids.has(sample))).toBe(true);
      expect(taken.timeDeltas.length).toBe(taken.samples.length);
      expect(taken.endTime).toBeGreaterThan(taken.startTime);
      await ada.close();
    } finally {
      await server.end("SIGTERM");
      removeFolder(folder);
    }
  }, 30_000);

  test("is for admins, with a token", async () => {
    await using server = await startServer();
    const { accessToken } = await register(server.url, "ada");
    expect(await refusalOf(profile(server.url, undefined))).toMatchObject({
      ...{ status: 401, code: "INVALID_TOKEN" },
    });
    expect(await refusalOf(profile(server.url, "eyJ.eyJ.x"))).toMatchObject({
      code: "INVALID_TOKEN",
    });
    const forbidden = { status: 403, code: "FORBIDDEN" };
    expect(await refusalOf(profile(server.url, accessToken))).toMatchObject(forbidden);
    setRole(server.dataFile, "ada", "monitor");
    expect(await refusalOf(profile(server.url, accessToken))).toMatchObject(forbidden);
  });

  test("knows the role as it is now", async () => {
    await using server = await startServer();
    const { accessToken } = await registerAdmin(server, "ada");
    expect((await profile(server.url, accessToken, "?seconds=1")).status).toBe(200);
    setRole(server.dataFile, "ada", "user");
    expect((await profile(server.url, accessToken, "?seconds=1")).status).toBe(403);
  });

  test.each([
    ["?seconds=0", 'The parameter "seconds" is a whole number from 1 to 60.'],
    ["?seconds=61", 'The parameter "seconds" is a whole number from 1 to 60.'],
    ["?seconds=1.5", 'The parameter "seconds" is a whole number from 1 to 60.'],
    ["?seconds=", 'The parameter "seconds" is a whole number from 1 to 60.'],
    ["?seconds=1e1", 'The parameter "seconds" is a whole number from 1 to 60.'],
    ["?interval_us=10", 'The parameter "interval_us" is a whole number from 200 to 100000.'],
  ])("is refused with %s", async (query, text) => {
    await using server = await startServer();
    const { accessToken } = await registerAdmin(server, "ada");
    const refusal = await refusalOf(profile(server.url, accessToken, query));
    expect(refusal).toEqual({ status: 422, code: "INVALID_ARGUMENT", text });
  });

  test("is one at a time; whoever comes second is told when to come back", async () => {
    await using server = await startServer();
    const { accessToken } = await registerAdmin(server, "ada");
    const answers = await Promise.all([
      profile(server.url, accessToken, "?seconds=2"),
      profile(server.url, accessToken, "?seconds=2"),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const refused = answers.find(({ status }) => status === 409) as Response;
    const { code, retry_after_ms } = await refusalOf(refused);
    expect(code).toBe("PROFILE_BUSY");
    expect(retry_after_ms).toBeGreaterThan(0);
    expect(retry_after_ms).toBeLessThanOrEqual(2400);
    expect((await profile(server.url, accessToken, "?seconds=1")).status).toBe(200);
  });

  test("ends when the one who asked for it goes away", async () => {
    await using server = await startServer();
    const { accessToken } = await registerAdmin(server, "ada");
    const gone = new AbortController();
    const both = [1, 2].map(() =>
      profile(server.url, accessToken, "?seconds=60", { signal: gone.signal }),
    );
    // As soon as one of them is refused, the other is being taken.
    expect((await Promise.race(both)).status).toBe(409);
    gone.abort();
    await Promise.allSettled(both);
    await until(async () => (await profile(server.url, accessToken, "?seconds=1")).status === 200);
  });

  test("does not keep the server from stopping", async () => {
    await using server = await startServer();
    const { accessToken } = await registerAdmin(server, "ada");
    const both = [1, 2].map(() => profile(server.url, accessToken, "?seconds=60"));
    // As soon as one of them is refused, the other is being taken.
    expect((await Promise.race(both)).status).toBe(409);
    await server.stop();
    // It was ended early, and answered where its connection still stood.
    for (const ended of await Promise.allSettled(both)) {
      if (ended.status === "fulfilled") expect([200, 409]).toContain(ended.value.status);
    }
  });

  test("may not be asked for by pages of other origins, nor with GET", async () => {
    await using server = await startServer();
    const { accessToken } = await registerAdmin(server, "ada");
    const headers = { Authorization: `Bearer ${accessToken}` };
    const foreign = { headers: { ...headers, Origin: "https://elsewhere.example" } };
    expect((await refusalOf(profile(server.url, undefined, "", foreign))).code).toBe(
      "ORIGIN_REFUSED",
    );
    expect((await profile(server.url, undefined, "", { method: "GET", headers })).status).toBe(404);
  });
});
