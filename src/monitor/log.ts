import pino from "pino";
import pretty from "pino-pretty";

export type Log = pino.Logger;

/**
 * The log: one line an event on standard output. Never a password, a token, a nonce or a message's
 * body; where an object could carry one, log its fields by name.
 *
 * @param format `auto` is text on a terminal and JSON elsewhere.
 */
export function createLog(
  level: "debug" | "info" | "warn" | "error" | "silent",
  format: "auto" | "text" | "json",
): Log {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  const text = format === "text" || (format === "auto" && process.stdout.isTTY);
  if (!text) {
    const output = pino.destination({ dest: 1, sync: true });
    output.on("error", carryOn);
    return pino(options, output);
  }
  const { formatters: _, ...plain } = options;
  const output = pretty({
    sync: true,
    singleLine: true,
    translateTime: "SYS:HH:MM:ss.l",
    ignore: "pid,hostname",
  });
  output.on("error", carryOn);
  return pino(plain, output);
}

/** A log that cannot be written, because its disk is full, must not stop the server. */
function carryOn(): void {}
