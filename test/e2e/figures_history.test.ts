import { describe, expect, test } from "bun:test";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { run } from "../support/command.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { register, setRole, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/wait.ts";

const GENERAL = 1;
/** The tests look for what they wait for many times a second. */
const often = { commandsPerSecond: 10_000, commandBurst: 10_000 };

async function monitorOf(server: TestServer, subprotocol: "hubbub.v1" | "hubbub.v1.json") {
  const { accessToken } = await register(server.url, "operator");
  setRole(server.dataFile, "operator", "monitor");
  return RawConnection.open(server.url, accessToken, subprotocol);
}

function ask(connection: RawConnection, fields: { stepSeconds?: number; after?: number } = {}) {
  const { stepSeconds = 1, after = 0 } = fields;
  const value = { stepSeconds, after };
  return connection.expect("figuresHistory", { case: "readFigures", value });
}

async function refusalOf(connection: RawConnection, stepSeconds: number, after = 0) {
  const value = { stepSeconds, after };
  const answer = await connection.answerTo(connection.post({ case: "readFigures", value }));
  return answer.case === "error" ? answer.value.code : answer.case;
}

describe.each(["hubbub.v1", "hubbub.v1.json"] as const)(
  "the history of figures over %s",
  (wire) => {
    test("tells a monitor what the server did before anybody asked", async () => {
      await using server = await startServer(often);
      const ada = await RawConnection.open(
        server.url,
        (await register(server.url, "ada")).accessToken,
      );
      for (let times = 0; times < 5; times++) await ada.expect("sent", send(GENERAL, "hello"));
      const monitor = await monitorOf(server, wire);
      await until(async () => {
        const { messagesPerSecond } = await ask(monitor);
        return messagesPerSecond.reduce((sum, rate) => sum + rate, 0) > 4;
      });
      const history = await ask(monitor);
      const rows = history.timeMs.length;
      expect(history).toMatchObject({ stepSeconds: 1, first: 1 });
      for (const column of [history.mainThreadLoad, history.residentBytes, history.loopDelayMs]) {
        expect(column).toHaveLength(rows);
      }
      expect(Math.max(...history.residentBytes)).toBeGreaterThan(1_000_000);
      expect(history.cores[0]?.load).toHaveLength(rows);
      const paths = history.pathMs?.p99.filter((ms) => !Number.isNaN(ms)) ?? [];
      expect(Math.max(...paths)).toBeGreaterThan(0);
      // Ten seconds and a minute have not passed yet.
      expect((await ask(monitor, { stepSeconds: 60 })).timeMs).toEqual([]);
    });

    test("goes on from the last row seen, a page at a time", async () => {
      await using server = await startServer({ ...often, pageItems: 1 });
      const monitor = await monitorOf(server, wire);
      await until(async () => (await ask(monitor)).more);
      const first = await ask(monitor);
      expect([first.first, first.timeMs.length, first.more]).toEqual([1, 1, true]);
      const second = await ask(monitor, { after: 1 });
      expect(second.first).toBe(2);
      expect(second.timeMs[0]).toBeGreaterThan(first.timeMs[0] as number);
    });

    test("is refused where there is no such step, or no such row", async () => {
      await using server = await startServer(often);
      const monitor = await monitorOf(server, wire);
      expect(await refusalOf(monitor, 7)).toBe(ErrorCode.INVALID_ARGUMENT);
      expect(await refusalOf(monitor, 60, 5)).toBe(ErrorCode.CURSOR_AHEAD);
    });
  },
);

test("the history of figures is refused to who has not the role, from the moment it is taken", async () => {
  await using server = await startServer(often);
  const { accessToken } = await register(server.url, "ada");
  const ada = await RawConnection.open(server.url, accessToken);
  expect(await refusalOf(ada, 1)).toBe(ErrorCode.FORBIDDEN);
  const become = (role: string) => run(["user", "role", "ada", role, "--data", server.dataFile]);
  await become("admin");
  await until(async () => (await refusalOf(ada, 1)) === "figuresHistory");
  await become("user");
  await until(async () => (await refusalOf(ada, 1)) === ErrorCode.FORBIDDEN);
});

test("a monitor's pong tells of sign-ins, refusals and the file", async () => {
  await using server = await startServer(often);
  const monitor = await monitorOf(server, "hubbub.v1");
  const ping = () => monitor.expect("pong", { case: "ping", value: {} });
  await ping();
  await monitor.answerTo(monitor.post(send(77, "nowhere")));
  let figures = (await ping()).figures;
  expect(figures?.refusals).toMatchObject([{ code: ErrorCode.NO_SUCH_CHANNEL, count: 1 }]);
  expect(figures).toMatchObject({ signInsWaiting: 0, signInWaitMs: 0 });
  expect(figures?.pathMs?.p99).toBeGreaterThan(0);
  expect(figures?.mainThreadLoad).toBeGreaterThanOrEqual(0);
  await until(async () => {
    figures = (await ping()).figures;
    return !Number.isNaN(figures?.databaseBytes);
  });
  expect(figures?.refusals).toEqual([]);
  expect(figures?.databaseBytes).toBeGreaterThan(4096);
  expect(figures?.walBytes).toBeGreaterThan(0);
});
