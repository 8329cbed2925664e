/**
 * Preloaded into a server under test: its clock is ahead by what a file says, in ms, and follows when that
 * changes. Timers and `performance.now()` go on as they are.
 */
import { readFileSync } from "node:fs";

const LOOK_EVERY_MS = 20;

const file = process.env.CLOCK_AHEAD_FILE;
if (file === undefined) throw new Error("shifted_clock: CLOCK_AHEAD_FILE names no file");

const SystemDate = Date;
let aheadMs = 0;
const look = () => {
  const text = readFileSync(file, "utf8");
  // While it is being written it may be empty.
  if (text !== "") aheadMs = Number(text);
};
look();
setInterval(look, LOOK_EVERY_MS).unref();

globalThis.Date = new Proxy(SystemDate, {
  get: (target, name) =>
    name === "now" ? () => SystemDate.now() + aheadMs : Reflect.get(target, name),
  construct: (target, values, newTarget) =>
    Reflect.construct(
      target,
      values.length === 0 ? [SystemDate.now() + aheadMs] : values,
      newTarget,
    ),
});
