import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Installed, installExecutable } from "../support/executable.ts";
import { configure, getJson, publish, queryRows, startService, until } from "../support/service.ts";

// The executable, whose configuration changes while it runs.

const BUILD_MS = 120_000;

/** Of the rule that changes. */
interface Windows {
  readonly size: number;
}

const config = ({ size }: Windows, more = ""): string => `
import { count, defineConfig, sqlite, sum, tumbling } from "aggregator";

export default defineConfig({
  name: "plant-7",
  rules: {
    steady: { window: tumbling("4s"), aggregate: { total: sum(), n: count() } },
    moving: { window: tumbling("${size}s"), aggregate: { n: count() } },
    ${more}
  },
  sinks: { rows: sqlite({ path: "rows.sqlite" }) },
  time: { outOfOrderness: "1s", idleTimeout: "off", maxFuture: "off" },
  status: { port: 0 },
  state: { checkpointEvery: "50ms" },
});
`;

interface Row {
  readonly rule: string;
  readonly agg_func: string;
  readonly window_start: number;
  readonly window_end: number;
  readonly value: number;
  readonly partial: number | null;
}

function rowsOf(aggregator: Installed, rule: string): Row[] {
  const order = "order by window_start, window_end, agg_func";
  return queryRows<Row>(
    join(aggregator.folder, "rows.sqlite"),
    `select rule, agg_func, window_start, window_end, value, partial from aggregates where rule = '${rule}' ${order}`,
  );
}

const FIRST = 1_700_000_000;

/** Events of a device, ten a second of event time, until told to stop. */
class Pusher {
  readonly #url: string;
  #isOver = false;
  /** Events that the bus has. */
  pushed = 0;
  readonly running: Promise<void>;

  constructor(url: string) {
    this.#url = url;
    this.running = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const events = Array.from({ length: 7 }, (_, i) => {
        return { name: "cpu", value: 1, timestamp: FIRST + (this.pushed + i) / 10 };
      });
      // The bus answers whatever happens behind it.
      const answer = await publish(this.#url, events);
      expect(answer.status).toBe(202);
      this.pushed += events.length;
    }
  }

  async end(): Promise<number> {
    this.#isOver = true;
    await this.running;
    return this.pushed;
  }
}

describe("a reload", () => {
  test(
    "under load loses no event and counts none twice, whatever rules change",
    async () => {
      await using aggregator = await installExecutable();
      await configure(aggregator, config({ size: 2 }));
      const { running, url } = await startService(aggregator);
      const pusher = new Pusher(url);
      const sizes = [6, 3, 5, 2];
      for (const [i, size] of sizes.entries()) {
        const goal = pusher.pushed + 500;
        await until(
          async () => pusher.pushed,
          (pushed) => pushed >= goal,
        );
        await configure(aggregator, config({ size }));
        if (i % 2 === 0) process.kill(running.pid, "SIGHUP");
        else {
          const answer = await fetch(`${url}/control/reload`, { method: "POST" });
          expect({ status: answer.status, body: await answer.json() }).toMatchObject({
            status: 200,
            body: { done: "reload" },
          });
        }
        const wanted = `tumbling("${size}s")`;
        await until(
          () => getJson<{ rules: { name: string; window: string }[] }>(`${url}/status`),
          ({ rules }) => rules.some(({ name, window }) => name === "moving" && window === wanted),
        );
      }
      const pushed = await pusher.end();
      await until(
        () => getJson(`${url}/ledger`),
        ({ received }) => received === pushed,
      );
      expect(await getJson(`${url}/ledger`)).toMatchObject({ aggregated: pushed, balanced: true });
      expect(await getJson(`${url}/healthz`)).toEqual({ status: "ok" });
      const { code, stderr } = await running.stop();
      expect({ code, errors: stderr.match(/"level":"ERROR".*/g) }).toEqual({
        code: 0,
        errors: null,
      });
      // The unchanged rule: every window is whole, as if nothing had happened.
      const lastAt = FIRST + (pushed - 1) / 10 - 1;
      const steady = rowsOf(aggregator, "steady").filter((row) => row.agg_func === "n");
      const closed = Math.floor((lastAt - FIRST) / 4);
      expect(steady.map(({ window_start, value }) => [window_start, value])).toEqual(
        Array.from({ length: closed }, (_, k) => [FIRST + 4 * k, 40]),
      );
      // The changed one: adjacent windows of the sizes it had, each with all of its events.
      checkMoving(rowsOf(aggregator, "moving"));
      expect(new Set(rowsOf(aggregator, "moving").map(sizeOf))).toEqual(new Set([2, ...sizes]));
    },
    BUILD_MS,
  );

  test(
    "of a configuration that is wrong changes nothing, and says so",
    async () => {
      await using aggregator = await installExecutable();
      await configure(aggregator, config({ size: 2 }));
      const { running, url } = await startService(aggregator);
      await configure(aggregator, config({ size: 2 }).replace('"4s"', '"4 secs"'));
      const wrong = await fetch(`${url}/control/reload`, { method: "POST" });
      expect(wrong.status).toBe(422);
      const { errors } = (await wrong.json()) as { errors: unknown };
      expect(errors).toMatchObject([{ path: "rules.steady.window" }]);
      const { reasons } = await getJson<{ reasons: string[] }>(`${url}/healthz`);
      expect(reasons).toHaveLength(1);
      expect(reasons[0]).toContain("configuration: not reloaded");
      expect(reasons[0]).toContain("rules.steady.window");
      process.kill(running.pid, "SIGHUP");
      await running.waitFor(/cannot be reloaded[^]*cannot be reloaded/);

      await configure(aggregator, config({ size: 2 }).replace("plant-7", "plant-8"));
      const other = await fetch(`${url}/control/reload`, { method: "POST" });
      expect(other.status).toBe(422);
      expect(await other.json()).toMatchObject({ errors: [{ path: "name" }] });

      await configure(
        aggregator,
        config({ size: 2 }, `more: { window: tumbling("8s"), aggregate: sum() },`),
      );
      const right = await fetch(`${url}/control/reload`, { method: "POST" });
      expect(await right.json()).toEqual({
        done: "reload",
        outcome: { changes: ["rule more added"] },
      });
      expect(await getJson(`${url}/healthz`)).toEqual({ status: "ok" });
      await running.stop();
    },
    BUILD_MS,
  );
});

function sizeOf({ window_start, window_end }: Row): number {
  return window_end - window_start;
}

/**
 * Windows of an old meaning that begin before the boundary finish under it, those of the new one begin at it:
 * no instant lies in none, and each window has all of its events, once.
 */
function checkMoving(rows: readonly Row[]): void {
  let covered = FIRST;
  for (const row of rows) {
    const { window_start: start, window_end: end, value } = row;
    const at = { start, size: sizeOf(row) };
    expect({ ...at, value }).toEqual({ ...at, value: 10 * (end - start) });
    expect({ ...at, hasGap: start > covered }).toEqual({ ...at, hasGap: false });
    covered = Math.max(covered, end);
  }
}
