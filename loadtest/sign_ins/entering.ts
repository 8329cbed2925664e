import { HubbubError, knownCode } from "../../src/client/errors.ts";
import { hubbubAddress } from "../tester/address.ts";
import { TesterSocket } from "../tester/socket.ts";

/** A server that does not welcome in this time does not any more. */
const WELCOME_MS = 30_000;
/** Whoever is told to come back with the socket waits so long, give or take half of it. */
const PAUSE_MS = 500;

/**
 * Opens a socket with an access token, waits for the welcome, and closes it. One that the server wants
 * later is opened again.
 *
 * @returns undefined, or the code of what stood in the way of the welcome.
 */
export async function enter(server: string, accessToken: string): Promise<string | undefined> {
  const untilMs = performance.now() + WELCOME_MS;
  for (;;) {
    const refusal = await enterOnce(server, accessToken, untilMs - performance.now());
    if (refusal === undefined) return undefined;
    const { action } = new HubbubError(knownCode(refusal), refusal);
    if (action !== "retry later" || performance.now() + PAUSE_MS * 2 > untilMs) return refusal;
    await Bun.sleep(PAUSE_MS * (0.5 + Math.random()));
  }
}

function enterOnce(server: string, accessToken: string, ms: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const end = (refusal: string | undefined) => {
      clearTimeout(timer);
      socket.close();
      resolve(refusal);
    };
    const timer = setTimeout(() => end("NO_WELCOME"), ms);
    const socket = new TesterSocket(hubbubAddress(server, accessToken, "hubbub.v1"), {
      // The first frame is the welcome; nothing follows before `resume`.
      binary: () => end(undefined),
      text: () => {},
      closed: end,
    });
  });
}
