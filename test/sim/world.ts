import type { Database } from "bun:sqlite";
import type { Config } from "../../src/config.ts";
import { openForWriting } from "../../src/store/schema.ts";
import { anyConfig, anyWeights } from "./chances.ts";
import { Client } from "./client.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeDisk } from "./fake_disk.ts";
import { File } from "./file.ts";
import { Model } from "./model.ts";
import { Random } from "./random.ts";
import { type Accepted, Server } from "./server.ts";
import { Verdict } from "./verdict.ts";

/** More steps than anything can take to come to rest, for each who acts in a step. */
const PATIENCE = 20_000;

/** How many take part in a world, at most, and how much they do in a step. */
export interface Scale {
  readonly accounts: number;
  /** Two are there always. */
  readonly moreClients: number;
  /** Clients that act in one step, so that batches and queues fill. */
  readonly actsAtOnce: number;
  /** Settings that are not left to chance. */
  readonly config: Partial<Config>;
}

const SMALL: Scale = { accounts: 3, moreClients: 3, actsAtOnce: 1, config: {} };

const channelNames = ["general", "General", "b", "c", "d", "e", "f", "g"];

interface Action {
  readonly isPossible: () => boolean;
  readonly run: () => unknown;
}

/**
 * Clients, one server after another, and the file that outlives them. Everything that happens is
 * one step, and the seed says which step is next.
 */
export class World {
  readonly verdict = new Verdict();
  readonly trace: string[] = [];
  readonly #random: Random;
  readonly #scale: Scale;
  readonly #config: Config;
  readonly #db: Database;
  readonly #file: File;
  readonly #disk: FakeDisk;
  readonly #clock = new FakeClock();
  readonly #model: Model;
  readonly #clients: Client[];
  readonly #slow = new Set<Client>();
  /** The server's ends of connections whose clients are gone. */
  readonly #orphans = new Set<Accepted>();
  readonly #weights: Readonly<Record<string, number>>;
  #server: Server | undefined;

  /** @param path the database file, or `:memory:`. */
  constructor(seed: number, path: string, scale = SMALL) {
    const random = new Random(seed);
    this.#random = random;
    this.#scale = scale;
    this.#config = { ...anyConfig(random), ...scale.config };
    this.#db = openForWriting(path, "committed");
    const accounts = Array.from({ length: 1 + random.below(scale.accounts) }, (_, id) => id + 1);
    for (const id of accounts) this.#addAccount(id);
    this.#file = new File(this.#db);
    this.#disk = new FakeDisk(this.#db, random);
    this.#model = new Model(this.verdict, this.#file, accounts);
    const { verdict } = this;
    this.#clients = Array.from({ length: 2 + random.below(scale.moreClients + 1) }, (_, id) => {
      return new Client({ account: random.pick(accounts), id, random, verdict });
    });
    this.#weights = anyWeights(random, Object.keys(this.#actions));
  }

  /** Lets `steps` things happen, then lets everything come to rest. Stops at the first fault. */
  async run(steps: number): Promise<void> {
    try {
      for (let step = 0; step < steps && this.#isFaultless; step++) await this.#step();
      if (this.#isFaultless) await this.#settle();
    } finally {
      this.#db.close();
    }
  }

  get #isFaultless(): boolean {
    return this.verdict.faults.length === 0;
  }

  readonly #actions: Readonly<Record<string, Action>> = {
    act: {
      isPossible: () => this.#clients.some((client) => client.isWelcome),
      run: () => this.#act(),
    },
    recover: {
      isPossible: () => this.#clients.some((client) => client.isWelcome && !client.isAtRest),
      run: () => this.#pick((client) => client.isWelcome && !client.isAtRest)?.recover(),
    },
    deliver: {
      isPossible: () => this.#clients.some((client) => client.hasOutbound),
      run: () => this.#pick((client) => client.hasOutbound)?.connection?.deliver(),
    },
    read: {
      isPossible: () => this.#clients.some((client) => this.#canRead(client)),
      run: () => this.#pick((client) => this.#canRead(client))?.read(),
    },
    connect: {
      isPossible: () =>
        this.#server !== undefined &&
        this.#clients.some(({ connection }) => connection === undefined),
      run: () => this.#connect(),
    },
    disconnect: {
      isPossible: () => this.#clients.some(({ connection }) => connection !== undefined),
      run: () => this.#disconnect(),
    },
    closeOrphan: {
      isPossible: () => this.#orphans.size > 0,
      run: () => this.#closeOrphan(),
    },
    slow: {
      isPossible: () => true,
      run: () => this.#toggleSlow(),
    },
    checkSlow: {
      isPossible: () => this.#server !== undefined,
      run: () => this.#server?.checkSlow(),
    },
    write: {
      isPossible: () => this.#server?.store.writer.hasCalls === true,
      run: () => this.#server?.store.writer.work(),
    },
    written: {
      isPossible: () => this.#server?.store.writer.hasReplies === true,
      run: () => this.#server?.store.writer.reply(),
    },
    readPage: {
      isPossible: () => this.#server?.store.reader.hasCalls === true,
      run: () => this.#server?.store.reader.work(),
    },
    pageRead: {
      isPossible: () => this.#server?.store.reader.hasReplies === true,
      run: () => this.#server?.store.reader.reply(),
    },
    timer: {
      isPossible: () => this.#clock.hasTimers,
      run: () => this.#clock.runNext(),
    },
    time: {
      isPossible: () => true,
      run: () => this.#clock.pass(this.#random.below(30)),
    },
    flush: {
      isPossible: () => this.#server?.isStopping === false,
      run: () => this.#server?.membership.flush().catch(() => {}),
    },
    trim: {
      isPossible: () => this.#server?.isStopping === false,
      run: () => this.#trim(),
    },
    disk: {
      isPossible: () => true,
      run: () => this.#changeDisk(),
    },
    start: {
      isPossible: () => this.#server === undefined,
      run: () => this.#start(),
    },
    stop: {
      isPossible: () => this.#server?.isStopping === false,
      run: () => this.#stop(),
    },
    crash: {
      isPossible: () => this.#server !== undefined,
      run: () => this.#crash(),
    },
  };

  async #step(): Promise<void> {
    const possible = Object.entries(this.#actions).filter(([, action]) => action.isPossible());
    const weights = Object.fromEntries(possible.map(([name]) => [name, this.#weights[name] ?? 0]));
    await this.#do(this.#random.weighted(weights));
  }

  /** One step: a callback of the event loop and all microtasks that follow from it. */
  async #do(name: string): Promise<void> {
    this.trace.push(name);
    this.#actions[name]?.run();
    await new Promise((resolve) => setImmediate(resolve));
    this.#server?.check();
    if (!this.#isFaultless) this.trace.push(...this.verdict.faults);
  }

  /** Lets everything that is under way come to its end, and checks what must be true then. */
  async #settle(): Promise<void> {
    this.#disk.isFull = false;
    this.#disk.badReads = 0;
    this.#slow.clear();
    await this.#progress(() => this.#clients.every((client) => client.isAtRest));
    if (!this.#isFaultless) return;
    for (const { stream } of this.#server?.accepted ?? []) stream.checkAtRest();
    this.#checkClients();
    await this.#do("stop");
    await this.#progress(() => this.#server === undefined);
    this.#model.checkMessages();
    this.#model.checkSubscriptions();
  }

  /** Does what is to be done, in no particular order, until nothing is left and `isDone`. */
  async #progress(isDone: () => boolean): Promise<void> {
    const useful = ["deliver", "read", "write", "written", "readPage", "pageRead", "timer"];
    for (let step = 0; this.#isFaultless; step++) {
      if (step === PATIENCE * this.#scale.actsAtOnce)
        return this.verdict.must(false, "it does not come to rest");
      if (this.#server === undefined && isDone()) return;
      const next = [...useful, "start", "closeOrphan"].filter((name) =>
        this.#actions[name]?.isPossible(),
      );
      if (next.length > 0) await this.#do(this.#random.pick(next));
      else if (isDone()) return;
      else {
        this.#clock.pass(100);
        for (const client of this.#clients) {
          if (client.connection === undefined) await this.#do("connect");
          else client.recover();
        }
      }
    }
  }

  #checkClients(): void {
    for (const { connection, last } of this.#clients) {
      for (const channel of connection?.channels ?? []) {
        const head = this.#file.head(channel);
        const text = `a client has seen ${channel}/${last.get(channel)} and not ${channel}/${head}`;
        this.verdict.must(last.get(channel) === head, text);
      }
    }
  }

  #addAccount(id: number): void {
    this.#db.run(
      `INSERT INTO account (id, name, name_key, password_hash, created_ms)
       VALUES (?1, 'user-' || ?1, 'user-' || ?1, '', 0)`,
      [id],
    );
    this.#db.run("INSERT INTO subscription VALUES (?, 1)", [id]);
  }

  #pick(isRight: (client: Client) => boolean): Client | undefined {
    return this.#random.pick(this.#clients.filter(isRight));
  }

  #canRead(client: Client): boolean {
    return client.hasInbound && !this.#slow.has(client);
  }

  #act(): void {
    for (let left = this.#scale.actsAtOnce; left > 0; left--) {
      this.#pick((client) => client.isWelcome)?.act(channelNames);
    }
  }

  #connect(): void {
    const client = this.#pick(({ connection }) => connection === undefined);
    if (this.#server !== undefined) client?.connect(this.#server);
  }

  #disconnect(): void {
    const end = this.#pick(({ connection }) => connection !== undefined)?.disconnect();
    if (end === undefined) return;
    // Sometimes the server learns of it at once, sometimes the connection is half open.
    if (this.#random.chance(0.5)) end.socket.close(1006);
    else this.#orphans.add(end);
  }

  #closeOrphan(): void {
    const orphan = this.#random.pick([...this.#orphans]);
    this.#orphans.delete(orphan);
    orphan.socket.close(1006);
  }

  #toggleSlow(): void {
    const client = this.#random.pick(this.#clients);
    if (!this.#slow.delete(client)) this.#slow.add(client);
  }

  #trim(): void {
    const channels = this.#server?.channels.all() ?? [];
    const channel = this.#random.pick(channels);
    const upTo = this.#random.below(channel.head + 1);
    this.#server?.trim(channel, upTo, 1 + this.#random.below(5)).catch(() => {});
  }

  #changeDisk(): void {
    this.#disk.isFull = this.#random.chance(0.4);
    this.#disk.badReads = this.#random.pick([0, 0, 0.3, 0.7]);
  }

  #start(): void {
    this.#server = new Server({
      config: this.#config,
      db: this.#db,
      file: this.#file,
      disk: this.#disk,
      clock: this.#clock,
      model: this.#model,
    });
  }

  #stop(): void {
    const server = this.#server;
    server?.stop().then(
      () => {
        if (this.#server === server) this.#ended(server);
      },
      () => {
        if (this.#server === server) this.#crash();
      },
    );
  }

  /** A clean end: what the writer was asked for is done, and nothing is forgotten. */
  #ended({ store: { writer } }: Server): void {
    this.trace.push("ended");
    while (writer.hasCalls) writer.work();
    this.#model.checkSubscriptions();
    this.#gone();
  }

  #crash(): void {
    this.#gone();
    this.#model.crashed();
  }

  #gone(): void {
    this.#server = undefined;
    this.#clock.forgetTimers();
    this.#orphans.clear();
    for (const client of this.#clients) client.serverDied();
  }
}
