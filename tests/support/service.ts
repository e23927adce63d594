import { expect } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { deviations } from "./conformance.ts";
import type { Installed, Running, RunOptions } from "./executable.ts";

/** A service that runs and can be asked. */
export interface Service {
  readonly running: Running;
  /** Of its HTTP interface, without a slash at the end. */
  readonly url: string;
}

/** What `run` in this folder finds without being told. */
export async function configure(aggregator: Installed, config: string): Promise<void> {
  await writeFile(join(aggregator.folder, "aggregator.config.ts"), config);
}

/** Starts `aggregator run` and waits until it can be asked. */
export async function startService(
  aggregator: Installed,
  env: RunOptions["env"] = {},
): Promise<Service> {
  const running = aggregator.spawn(["run"], { env });
  return { running, url: await urlOf(running) };
}

/** Where a service that was started can be asked, once it can. Rejects when it ends before. */
export async function urlOf(running: Running): Promise<string> {
  const [, url] = await running.waitFor(/status\s+curl .*?(https?:\S+)\/status/);
  return url!; // of the pattern
}

/** What is said there, as JSON; it has to be as the document of the interface says. */
export async function getJson<Answer = Record<string, unknown>>(url: string): Promise<Answer> {
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  expect(await deviations({ method: "GET", path: pathOf(url) }, answer.clone())).toEqual([]);
  return (await answer.json()) as Answer; // the caller knows what it asked for
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

/** Asks until the answer is as wanted. */
export async function until<Answer>(
  ask: () => Promise<Answer>,
  wanted: (answer: Answer) => boolean,
): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    await Bun.sleep(50);
  }
}

/** Publishes events, one a line, at the bus of the service. */
export function publish(url: string, events: readonly object[]): Promise<Response> {
  const body = events.map((event) => `${JSON.stringify(event)}\n`).join("");
  return fetch(`${url}/vabus/events`, { method: "POST", body });
}

/**
 * Publishes until there is something of everything: a window has fired, and an event that came after it is a
 * dead letter. Of a service that fires each second.
 */
export async function fill(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const send = (event: object): Promise<Response> =>
    fetch(`${url}/vabus/events`, { method: "POST", headers, body: JSON.stringify(event) });
  const status = async (): Promise<{ results: { added: number }; dead_letters: number }> =>
    (await (await fetch(`${url}/status`, { headers })).json()) as never; // as declared
  await send({ name: "cpu", value: 1.5, timestamp: now, labels: { host: "a" } });
  await until(status, ({ results }) => results.added > 0);
  await send({ name: "cpu", value: 1, timestamp: now - 100 });
  await until(status, ({ dead_letters }) => dead_letters === 1);
}

/** Opens an SQLite file of a service that may run: what finds it locked waits for a while. */
export function openBeside(path: string, { readOnly = false } = {}): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly });
  db.exec("pragma busy_timeout = 10000");
  return db;
}

/** What a query finds in an SQLite file of the service, whether that runs or not. */
export function queryRows<Row = Record<string, unknown>>(path: string, query: string): Row[] {
  const db = openBeside(path, { readOnly: true });
  try {
    // The columns are those of the query.
    return db
      .prepare(query)
      .all()
      .map((row) => ({ ...row }) as Row);
  } finally {
    db.close();
  }
}

/** The table of an SQLite sink, in a fixed order. */
export function rowsIn<Row = Record<string, unknown>>(path: string, columns = "*"): Row[] {
  const order = "order by window_start, name, agg_func";
  return queryRows(path, `select ${columns} from aggregates ${order}`);
}
