import { describe, expect, test } from "bun:test";
import type { Hono } from "hono";
import { FatalError, TransientError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { ReplayQuery, ServiceControl } from "../../src/pipeline/control.ts";
import { createStatusApp } from "../../src/status/app.ts";
import { accessAt } from "../support/token-access.ts";
import { fakeView } from "./fake-view.ts";

const OUTCOME = {
  replayed: 3,
  refused_again: 1,
  left: [{ reason: "late", count: 2, why: "late: closed" }],
} as const;

/** The application over a service that notes what it is asked to do. */
function appOf(control: Partial<ServiceControl> = {}, host = "127.0.0.1") {
  const replays: ReplayQuery[] = [];
  const purges: unknown[] = [];
  const done = async (): Promise<void> => {};
  const app = createStatusApp({
    view: fakeView(),
    access: accessAt(host, "t0k"),
    logger: silentLogger,
    secrets: ["hunter2"],
    control: {
      pause: done,
      resume: done,
      checkpoint: done,
      replayDeadLetters: async (query) => {
        replays.push(query);
        return OUTCOME;
      },
      purgeDeadLetters: async (query) => {
        purges.push(query);
        return 7;
      },
      ...control,
    },
  });
  return { app, replays, purges };
}

async function post(app: Hono, path: string, init: RequestInit = {}) {
  const response = await app.request(path, { method: "POST", ...init });
  const answer: unknown = await response.json();
  return { status: response.status, answer };
}

const REPLAY = "/dead-letters/replay";
const PURGE = "/dead-letters/purge";

describe("POST /dead-letters/replay", () => {
  test("replays what the query or the body asks for, and says what became of it", async () => {
    const { app, replays } = appOf();
    expect(await post(app, REPLAY)).toEqual({ status: 200, answer: OUTCOME });
    await post(app, `${REPLAY}?reason=future&through=17`);
    await post(app, REPLAY, { body: '{"reason":"refused","seqs":[3,4]}' });
    await post(app, `${REPLAY}?reason=over_limit`, { body: '{"through":5}' });
    await post(app, `${REPLAY}?seqs=1,2`);
    expect(replays).toMatchObject([
      {},
      { reason: "future", through: 17 },
      { reason: "refused", seqs: [3, 4] },
      { reason: "over_limit", through: 5 },
      { seqs: [1, 2] },
    ]);
  });

  test.each([
    ["?reason=futur", "", 'reason "futur": must be one of'],
    ["?raeson=future", "", 'Unknown field "raeson": must be one of reason, through, seqs, all'],
    ["?through=x", "", 'through "x": must be the seq of a dead letter'],
    ["?through=1&through=2", "", "Parameter through is given twice"],
    ["?reason=late", "", "Late events cannot be replayed"],
    ["?seqs=", "", "seqs: must be a list of 1 to 1000 seqs"],
    ["?all=perhaps", "", 'all "perhaps": must be true or false'],
    ["?reason=future", '{"reason":"future"}', "reason is given in the query and in the body"],
    ["", "nonsense", "Body must be a JSON object"],
    ["", "[]", "Body must be a JSON object"],
    ["", '{"reason":7}', "reason 7: must be a word"],
    ["", '{"through":-1}', "through -1: must be the seq"],
    ["", '{"seqs":[]}', "seqs: must be a list"],
    ["", `{"seqs":[${"1,".repeat(1000)}1]}`, "seqs: must be a list"],
    ["", '{"seqs":["1"]}', "seqs: must be a list"],
  ])("refuses %j with the body %j", async (query, body, why) => {
    const { app, replays } = appOf();
    const { status, answer } = await post(app, REPLAY + query, { body });
    expect(status).toBe(400);
    expect((answer as { error: string }).error).toContain(why);
    expect(replays).toEqual([]);
  });

  test.each([
    ["for now", 503, TransientError, "The outbox is full"],
    ["for good", 409, FatalError, 'State "/hunter2" is damaged'],
  ] as const)("says why it cannot be done %s: %i", async (_, wanted, Kind, why) => {
    const failure = new Kind(why);
    const replayDeadLetters = (): Promise<never> => Promise.reject(failure);
    const { status, answer } = await post(appOf({ replayDeadLetters }).app, REPLAY);
    expect(status).toBe(wanted);
    expect(answer).toEqual({ error: failure.message.replace("hunter2", "***") });
  });

  test("is 409 where there is nothing to replay, and 405 for other methods", async () => {
    const app = createStatusApp({
      view: fakeView(),
      access: { mode: "open" },
      logger: silentLogger,
    });
    expect((await post(app, REPLAY)).status).toBe(409);
    const { status, headers } = await app.request(REPLAY);
    expect([status, headers.get("allow")]).toEqual([405, "POST"]);
  });

  test("is refused to pages of other sites, and without the token where there is one", async () => {
    const { app, replays } = appOf();
    const headers = { host: "127.0.0.1:8000", origin: "http://evil.example" };
    expect((await post(app, REPLAY, { headers })).status).toBe(403);
    const far = appOf({}, "0.0.0.0");
    expect((await post(far.app, REPLAY)).status).toBe(401);
    const shown = { authorization: "Bearer t0k" };
    expect((await post(far.app, REPLAY, { headers: shown })).status).toBe(200);
    expect([replays, far.replays.length]).toEqual([[], 1]);
  });

  test("takes no large body", async () => {
    const { app, replays } = appOf();
    const response = await app.request(REPLAY, { method: "POST", body: " ".repeat(70_000) });
    expect([response.status, replays]).toEqual([413, []]);
  });
});

describe("POST /dead-letters/purge", () => {
  test("removes those up to a number, or all, and says how many", async () => {
    const { app, purges } = appOf();
    expect(await post(app, `${PURGE}?through=4&reason=late`)).toEqual({
      status: 200,
      answer: { purged: 7 },
    });
    await post(app, PURGE, { body: '{"all":true}' });
    expect(purges).toEqual([
      { reason: "late", through: 4 },
      { reason: undefined, through: Number.MAX_SAFE_INTEGER },
    ]);
  });

  test.each(["", "?reason=late", "?all=false", "?all&through=3", "?seqs=1"])(
    "wants to be told which: %j",
    async (query) => {
      const { app, purges } = appOf();
      const { status, answer } = await post(app, PURGE + query);
      expect(status).toBe(400);
      expect((answer as { error: string }).error).toContain("Cannot purge");
      expect(purges).toEqual([]);
    },
  );
});

test("both are named where an unknown route is asked for", async () => {
  const response = await appOf().app.request("/dead-letters/replaay");
  expect(response.status).toBe(404);
  expect(await response.text()).toContain('"/dead-letters/replay"');
});
