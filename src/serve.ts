/** The one place where everything is built and joined, and stopped in order. */
import { dirname, resolve } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { httpsFinder, metricsReaders } from "./auth/address.ts";
import { MAX_PROFILE_SECONDS } from "./auth/admin_routes.ts";
import { startAuth } from "./auth/auth.ts";
import { readableAcross } from "./auth/cross_origin.ts";
import { FairLane } from "./auth/fair_lane.ts";
import { LANES } from "./channels/channel.ts";
import type { Config } from "./config.ts";
import { Placement } from "./machine/placement.ts";
import { messagePath } from "./message_path.ts";
import { Counters } from "./monitor/counters.ts";
import { liveness, readiness } from "./monitor/health.ts";
import type { Log as EventLog } from "./monitor/log.ts";
import { Monitoring } from "./monitor/monitoring.ts";
import { Profiler } from "./monitor/profiler.ts";
import { ThreadSampling } from "./monitor/thread_sampling.ts";
import { pageRoutes } from "./pages/routes.ts";
import { Budgets, TokenBucket } from "./session/budget.ts";
import { compressesFor } from "./session/compression.ts";
import { Door } from "./session/door.ts";
import { greetingOf } from "./session/greeting.ts";
import { type Handlers, listen, urlOf } from "./session/listen.ts";
import { carryOutNotices } from "./session/notices.ts";
import type { Services } from "./session/services.ts";
import { Sessions } from "./session/sessions.ts";
import { upgrade, websocketHandler } from "./session/websocket.ts";
import { AccountWatch } from "./store/account_watch.ts";
import { AccountReads } from "./store/accounts.ts";
import { startBackups } from "./store/backups/start.ts";
import { FactorReads } from "./store/factor_reads.ts";
import { NOTICES_EVERY_MS, NoticeWatch } from "./store/notices.ts";
import { startRetention } from "./store/retention/start.ts";
import { openStore } from "./store/store.ts";
import { Upkeep } from "./store/upkeep.ts";
import { CloseCode, errorNames } from "./wire/codes.ts";
import { ErrorCode } from "./wire/gen/hubbub/v1/events_pb.ts";
import { refusal } from "./wire/refusal.ts";

/** How often slow sockets are looked for: 10,000 of them take about a millisecond. */
const SLOW_CHECK_MS = 250;
/** How often accounts are looked at that were changed beside the server: a read of microseconds. */
const WATCH_MS = 250;
/** How often budgets that are full are forgotten. */
const PRUNE_MS = 60_000;
/** The longest profile, and the time to put it together. */
const PROFILE_SILENCE_SECONDS = MAX_PROFILE_SECONDS + 30;
/** How often threads are freed that the main thread has started and that are pinned like it. */
const FREE_THREADS_MS = 1000;

/** Each may cost a signature check in this process, a fraction of a millisecond. */
const PASSKEY_SIGN_INS_PER_SECOND = 100;

/** A running server. */
export interface Running {
  /** Where it listens, such as `http://127.0.0.1:4000`. */
  readonly url: string;
  /** The database file, absolute. */
  readonly dataFile: string;
  /** The core that the main thread is pinned to, or null. */
  readonly core: number | null;
  readonly counters: Counters;
  /** At what priority passwords are hashed: only when a core has nothing else to do, or low. */
  readonly hashPriority: "idle" | "low";
  /**
   * Stops in order: no newcomers, going-away notice, open batch, joins and leaves, sockets,
   * checkpoint. Rejects where something could not be written.
   */
  stop(): Promise<void>;
}

export const version: string = packageJson.version;

/**
 * Builds and starts a server.
 *
 * @param died called once should the server be unable to go on.
 * @throws PlacementError, StoreFileError, ListenError with a sentence for the operator.
 */
export async function serve(
  config: Config,
  eventLog: EventLog,
  died: (error: Error) => void,
): Promise<Running> {
  const dataFile = resolve(config.data);
  const counters = new Counters();
  const now = Date.now;
  const clockMs = () => performance.now();

  // Undoes what was started should a later step fail: a thread left over would keep the process.
  await using started = new AsyncDisposableStack();
  const { cpu } = config;
  const placement = new Placement(cpu, (reason) =>
    eventLog.warn({ cpu, reason }, "the main thread is not pinned to a core"),
  );
  started.defer(() => placement.release());
  const store = await openStore(dataFile, config.durability, died, {
    hasBackup: config.updateBackup === "on",
    ownCheckpoints: config.checkpoints === "own",
    told: (update) => eventLog.info({ ...update }, "bringing the database up to date"),
  });
  started.defer(() => store.close());
  if (store.hasGoneBack) {
    eventLog.warn(
      "the database is older than it was: its log has a new id, so that clients notice",
    );
  }
  const { writer, history } = store;
  const compresses = compressesFor(config);
  const notFlushed = (err: unknown) =>
    eventLog.warn({ err }, "joins and leaves could not be written yet");
  const path = messagePath({
    config,
    store,
    counters,
    eventLog,
    publish: (topic, frame) => server.publish(topic, frame, compresses(frame)),
    notFlushed,
  });
  const { membership, log } = path;

  let connectionsMade = 0;
  const monitoring = new Monitoring(counters, dataFile);
  started.defer(() => monitoring.stop());
  const budgets = new Budgets(config, clockMs);
  const services: Services = {
    ...path,
    history,
    counters,
    eventLog,
    config,
    budgets,
    monitoring,
    nextLane: () => connectionsMade++ % LANES,
    greeting: greetingOf(config, store.logId, version),
    now,
    clockMs,
  };
  const sessions = new Sessions();
  const { newAccountsPerHour } = config;
  const registrations = new TokenBucket(newAccountsPerHour / 3600, newAccountsPerHour, clockMs());
  const passkeySignIns = new TokenBucket(
    PASSKEY_SIGN_INS_PER_SECOND,
    PASSKEY_SIGN_INS_PER_SECOND,
    clockMs(),
  );

  const profiler = new Profiler({
    main: new ThreadSampling(),
    threads: [writer.profiled, history.profiled],
    version,
  });
  started.defer(() => profiler.close());

  const accounts = new AccountReads(store.reads);
  const watch = new AccountWatch(store.reads, {
    changed: (account) => sessions.accountChanged(account, accounts.isLive),
    failed: (err) => eventLog.warn({ err }, "changes of accounts could not be read; once more"),
  });
  const notices = new NoticeWatch(store.reads, store.newestNotice, {
    carryOut: (found) => carryOutNotices({ ...path, sessions }, found),
    // What is not removed now is removed with the next.
    forget: (upTo) => void writer.run("forgetNotices", upTo).catch(() => {}),
    failed: (err) => eventLog.warn({ err }, "notices of commands could not be read; once more"),
  });
  const auth = await startAuth({
    config,
    dataFolder: dirname(dataFile),
    reads: accounts,
    factorReads: new FactorReads(store.reads),
    run: writer.run,
    counters,
    log: eventLog,
    endSession: (id) => sessions.endSignIn(id),
    accountCreated: (account) => membership.count(account),
    admitRegistration: () => registrations.take(clockMs()),
    admitPasskey: () => passkeySignIns.take(clockMs()),
    openSessions: () => sessions.signIns(),
    profiler,
    freely: placement.freely,
  });

  started.defer(() => auth.stop());
  const { channels } = path;
  const parts = { config, store, channels, counters, log: eventLog, now, clockMs };
  const stopRetention = startRetention(parts);
  started.defer(stopRetention);

  // The threads of the store run by now, and keep all cores.
  placement.pin();

  let isStopping = false;
  const { arrivalQueue: queue } = config;
  const { networkOf } = auth;
  const door = new Door({ queue, line: new FairLane(), networkOf, clockMs, counters });
  const upgradeOptions = {
    services,
    sessions,
    door,
    identify: (request: Request) => auth.identify(request),
    isStopping: () => isStopping,
  };
  const answer: Handlers["fetch"] = readableAcross(config.origins, (request, server) => {
    if (isStopping) return refusal(ErrorCode.GOING_AWAY, { retryAfterMs: 1000 });
    const peer = server.requestIP(request)?.address;
    return door.admit(request, peer, () => auth.fetch(request, peer));
  });
  const isHttps = httpsFinder(config.trustedProxies);
  const mayReadMetrics = metricsReaders(config.metrics);
  const metrics = monitoring.metrics({
    version,
    codes: errorNames,
    closeCodes: Object.values(CloseCode).map(String),
    isDiskWritable: () => log.available,
    arrivalsWaiting: () => door.waiting,
    connectionLimit: config.connections,
    backupEveryMs: config.backups?.everyMs ?? null,
  });
  const server = listen(config, {
    routes: {
      "/ws": (request, server) => upgrade(request, server, upgradeOptions),
      "/healthz": liveness,
      "/readyz": () => readiness(isStopping, log.available),
      "/metrics": (request, server) =>
        mayReadMetrics(request, server.requestIP(request)?.address)
          ? metrics.answer()
          : answer(request, server),
      // It is silent for as long as the profile takes.
      "/profile": (request, server) => {
        server.timeout(request, PROFILE_SILENCE_SECONDS);
        return answer(request, server);
      },
      ...pageRoutes({ otherwise: answer, isHttps, freely: placement.freely, log: eventLog }),
    },
    fetch: answer,
    websocket: websocketHandler(services, sessions, path.intake),
  });

  started.defer(() => server.stop(true));

  const upkeep = new Upkeep(store, config.checkpoints === "own", counters, eventLog);
  const timers = [
    setInterval(() => sessions.checkSlow(config.outboundBytes), SLOW_CHECK_MS),
    setInterval(() => watch.look(), WATCH_MS),
    setInterval(() => void path.delivery.over().then(() => notices.look()), NOTICES_EVERY_MS),
    setInterval(() => budgets.prune(), PRUNE_MS),
    setInterval(() => placement.freeOthers(), FREE_THREADS_MS),
    setInterval(() => membership.flush().catch(notFlushed), config.subscriptionFlushSeconds * 1000),
  ];

  const backups = startBackups(dataFile, config, {
    freely: placement.freely,
    counters,
    log: eventLog,
  });

  // Everything runs; from here on `stop` ends it.
  started.move();
  return {
    url: urlOf(server),
    dataFile,
    core: placement.core,
    counters,
    hashPriority: auth.hashPriority,
    async stop() {
      isStopping = true;
      // Stops listening; open connections go on.
      void server.stop();
      sessions.announceGoingAway();
      timers.forEach(clearInterval);
      upkeep.stop();
      // While it lasts, the WAL cannot be emptied.
      await backups?.stop();
      await log.close();
      await stopRetention();
      try {
        // All at once, where each last disconnect would write its own. Should the disk refuse, the
        // sockets are still closed in order, and the flush after that tells.
        await membership.flush().catch(notFlushed);
        sessions.closeAll();
        await profiler.close();
        await auth.stop();
        await membership.flush();
        await upkeep.finish();
      } finally {
        monitoring.stop();
        placement.release();
        await store.close();
        await server.stop(true);
      }
    },
  };
}
