import { Presets, SingleBar } from "cli-progress";
import type { Second } from "./result.ts";

/** How a run tells what it is doing. Everything goes to standard error, so that --json stays clean. */
export interface Progress {
  /** A step before or after the run proper. */
  step(text: string): void;
  /** The run has begun, and should take so long. */
  begin(seconds: number): void;
  second(second: Second): void;
  end(): void;
}

/** Without a terminal, a line is printed so often. */
const LINE_EVERY_SECONDS = 10;

/** A bar with live figures on a terminal, plain lines otherwise. */
export function createProgress(): Progress {
  return process.stderr.isTTY ? barProgress() : lineProgress();
}

/** Says nothing. */
export const silentProgress: Progress = { step() {}, begin() {}, second() {}, end() {} };

function barProgress(): Progress {
  const bar = new SingleBar(
    {
      format: "{bar} {percentage}% {time}  {figures}",
      barsize: 20,
      hideCursor: true,
      stream: process.stderr,
      // Bun ends the process at once on SIGINT if the bar listens to it, too.
      gracefulExit: false,
      fps: 4,
    },
    Presets.shades_classic,
  );
  let isShown = false;
  let expected = 0;
  const hide = () => {
    if (isShown) bar.stop();
    isShown = false;
  };
  return {
    step(text) {
      hide();
      process.stderr.write(`${text}\n`);
    },
    begin(seconds) {
      expected = Math.max(1, Math.round(seconds));
      bar.start(expected, 0, { time: clock(0), figures: "" });
      isShown = true;
    },
    second(second) {
      if (!isShown) return;
      const done = Math.min(second.atSeconds + 1, expected);
      bar.update(done, { time: clock(second.atSeconds + 1), figures: figures(second) });
    },
    end: hide,
  };
}

function lineProgress(): Progress {
  return {
    step: (text) => void process.stderr.write(`${text}\n`),
    begin(seconds) {
      process.stderr.write(`The run takes about ${clock(Math.round(seconds))}.\n`);
    },
    second(second) {
      if ((second.atSeconds + 1) % LINE_EVERY_SECONDS !== 0) return;
      process.stderr.write(`${clock(second.atSeconds + 1)}  ${figures(second)}\n`);
    },
    end() {},
  };
}

function figures(second: Second): string {
  const { users, deliveries, deliveryP99Ms, serverLoad, testerLoad } = second;
  const p99 = deliveryP99Ms === null ? "-" : `${deliveryP99Ms.toFixed(0)} ms`;
  return [
    `${users} users`,
    `${deliveries.toLocaleString("en")}/s`,
    `p99 ${p99}`,
    `server ${serverLoad.toFixed(2)}`,
    `tester ${testerLoad.toFixed(2)} cores`,
  ].join("  ");
}

/** Minutes and seconds: `4:05`. */
function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
