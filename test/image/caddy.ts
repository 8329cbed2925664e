import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const ROOT = join(import.meta.dir, "../..");
/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Asked {
  readonly method?: "GET" | "POST";
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** One of this machine's own addresses to come from. */
  readonly from?: string;
  readonly ca?: string;
}

/** A request that may come from any of the loopback addresses. */
export function ask(url: string, { method = "GET", body, headers, from, ca }: Asked = {}) {
  const send = url.startsWith("https:") ? httpsRequest : httpRequest;
  const json = body === undefined ? undefined : JSON.stringify(body);
  const options = {
    method,
    headers: { ...(json === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(from === undefined ? {} : { localAddress: from }),
    ...(ca === undefined ? {} : { ca }),
    agent: false,
  };
  return new Promise<Answer>((resolve, reject) => {
    const request = send(url, options, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += String(chunk);
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    request.on("error", reject);
    request.end(json);
  });
}

/** Caddy with the repository's own Caddyfile, on free ports, with certificates of its own. */
export class Caddy {
  readonly http: string;
  readonly https: string;
  readonly #folder = makeFolder();
  readonly #child: Bun.Subprocess<"ignore", "ignore", "pipe">;
  #words = "";

  private constructor(program: string, upstream: string) {
    const [httpPort, httpsPort] = freePorts();
    this.http = `http://localhost:${httpPort}`;
    this.https = `https://localhost:${httpsPort}`;
    const options = [
      ...["admin off", "skip_install_trust", "local_certs"],
      ...[`http_port ${httpPort}`, `https_port ${httpsPort}`, "default_bind 127.0.0.1"],
    ];
    const file = join(this.#folder, "Caddyfile");
    const site = readFileSync(join(ROOT, "Caddyfile"), "utf8");
    writeFileSync(file, `{\n${options.join("\n")}\n}\n${site}`);
    this.#child = Bun.spawn([program, "run", "--config", file, "--adapter", "caddyfile"], {
      env: {
        DOMAIN: "localhost",
        HUBBUB_ADDRESS: new URL(upstream).host,
        HOME: this.#folder,
        XDG_DATA_HOME: this.#folder,
        XDG_CONFIG_HOME: this.#folder,
      },
      stdout: "ignore",
      stderr: "pipe",
    });
  }

  /** Starts it and waits until it serves. */
  static async start(program: string, upstream: string): Promise<Caddy> {
    const caddy = new Caddy(program, upstream);
    void caddy.#listen();
    await until(async () => {
      if (caddy.#child.exitCode !== null) throw new Error(`Caddy ended: ${caddy.#words}`);
      if (!existsSync(caddy.#authority)) return false;
      const alive = ask(`${caddy.https}/healthz`, { ca: caddy.ca });
      return alive.then(({ status }) => status === 200).catch(() => false);
    });
    return caddy;
  }

  /** The certificate of the authority that signs Caddy's. */
  get ca(): string {
    return readFileSync(this.#authority, "utf8");
  }

  get #authority(): string {
    return join(this.#folder, "caddy/pki/authorities/local/root.crt");
  }

  async #listen(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stderr) this.#words += decoder.decode(chunk);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    removeFolder(this.#folder);
  }
}

function freePorts(): [number, number] {
  const socket = { data() {} };
  const listeners = [0, 0].map((port) => Bun.listen({ hostname: "127.0.0.1", port, socket }));
  for (const listener of listeners) listener.stop();
  return listeners.map(({ port }) => port) as [number, number];
}
