import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  answersWell,
  describeWith,
  freePorts,
  type Service,
  serviceFolder,
  startService,
  UnavailableError,
} from "./service.ts";

/** What a program of Prometheus said. */
export interface Said {
  readonly code: number;
  readonly text: string;
}

/** One result of a query. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

/** A real Prometheus that scrapes one service. */
export interface Prometheus extends Service {
  readonly url: string;
  /** The result of an instant query. @throws It is none, or fails. */
  query(expr: string): Promise<Sample[]>;
  /** What its API answers below `/api/v1`. */
  get<Data>(path: string): Promise<Data>;
}

/** The programs of Prometheus. */
export interface PrometheusPrograms {
  promtool(args: readonly string[], input?: string): Promise<Said>;
  /** Starts one that scrapes `target` several times a second, with these rules. */
  start(target: string, rules: string): Promise<Prometheus>;
}

/** `describe` for tests that need Prometheus; to be awaited. */
export function describeWithPrometheus(
  name: string,
  define: (programs: PrometheusPrograms) => void,
): Promise<void> {
  return describeWith(name, find, define);
}

async function find(): Promise<PrometheusPrograms> {
  if (Bun.which("promtool") === null || Bun.which("prometheus") === null) {
    throw new UnavailableError("Prometheus is not installed (Debian: apt-get install prometheus)");
  }
  return { promtool, start };
}

async function promtool(args: readonly string[], input = ""): Promise<Said> {
  const child = Bun.spawn(["promtool", ...args], {
    stdin: new TextEncoder().encode(input),
    stdout: "pipe",
    stderr: "pipe",
  });
  const said = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, text: said.join("") };
}

async function start(target: string, rules: string): Promise<Prometheus> {
  const folder = await serviceFolder("prometheus");
  const [port = 0] = await freePorts(1);
  const config = {
    global: { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "500ms" },
    rule_files: [rules],
    scrape_configs: [
      { job_name: "aggregator", static_configs: [{ targets: [new URL(target).host] }] },
    ],
  };
  // JSON is YAML.
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config));
  const url = `http://127.0.0.1:${port}`;
  const service = await startService(folder, {
    command: () => [
      "prometheus",
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    isUp: () => answersWell(`${url}/-/ready`),
    stopSignal: "SIGTERM",
    startMsMax: 30_000,
  });
  async function get<Data>(path: string): Promise<Data> {
    const answer = await fetch(`${url}/api/v1${path}`);
    const body = (await answer.json()) as { status: string; error?: string; data: Data };
    if (body.status !== "success") throw new Error(`${path}: ${body.error}`);
    return body.data;
  }
  return {
    ...service,
    url,
    get,
    async query(expr) {
      const path = `/query?query=${encodeURIComponent(expr)}`;
      return (await get<{ result: Sample[] }>(path)).result;
    },
  };
}
