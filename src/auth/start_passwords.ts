import { existsSync } from "node:fs";
import { Admission } from "./admission.ts";
import type { AuthParts } from "./auth.ts";
import { DeviceMarkers } from "./device_markers.ts";
import { HashChild } from "./hash_child.ts";
import { Hasher } from "./hasher.ts";
import { PasswordGate } from "./password_gate.ts";
import { pepperFileOf } from "./pepper_file.ts";
import { cpuMsOf } from "./process_cpu.ts";
import { SignInQueue, unreferencedAlarm } from "./sign_in_queue.ts";

/** Everything that passwords need. */
export interface Passwords {
  readonly gate: PasswordGate;
  readonly devices: DeviceMarkers;
  readonly hashPriority: "idle" | "low";
  /** Refuses who waits, and ends the hashers. */
  stop(): Promise<void>;
}

/** Starts the hashers, and what stands before them. */
export function startPasswords(parts: AuthParts, signingSecret: string): Passwords {
  const { config, reads, counters, log } = parts;
  const { now = Date.now, clockMs = () => performance.now(), alarm = unreferencedAlarm } = parts;
  const pepperFile = pepperFileOf(config.pepperFile, parts.dataFolder);
  const options = {
    pepperFile,
    mayMakePepper: !existsSync(pepperFile) && !reads.needsPepper(),
    cost: { memoryKib: config.hashMemoryKib, passes: config.hashPasses },
    freely: parts.freely,
  };
  const { startWorker = () => new HashChild(options, log) } = parts;
  const workers = Array.from({ length: config.hashesAtOnce }, () => startWorker(options, log));
  const limits = { atOnce: config.hashesAtOnce, waiting: config.hashQueue };
  const queue = new SignInQueue(limits, counters, { clockMs, random: Math.random, alarm });
  counters.signInWaitNowMs = () => queue.waitNowMs;
  counters.hasherCpuMs = () => cpuMsOf(workers.map(({ pid }) => pid));
  const devices = new DeviceMarkers(signingSecret, now);
  const gate = new PasswordGate({
    admission: new Admission(config.triesPerMinute, clockMs),
    hasher: new Hasher(workers, queue, counters, { clockMs, alarm }),
    devices,
    log,
    credentialsOf: (name) => reads.credentialsByName(name),
  });
  return {
    gate,
    devices,
    hashPriority: workers.every(({ priority }) => priority === "idle") ? "idle" : "low",
    async stop() {
      queue.close();
      await Promise.all(workers.map((worker) => worker.stop()));
    },
  };
}
