import { afterEach, expect, test } from "bun:test";
import { FatalError, TransientError } from "../../../src/core/errors.ts";
import { silentLogger } from "../../../src/core/logger.ts";
import { GuardedCalls } from "../../../src/pipeline/guarded-calls.ts";
import { S3Target } from "../../../src/state/backup/s3-target.ts";
import { rejectionOf } from "../../support/rejection.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

// A bucket that misbehaves: what it does with each request is up to the test. The clock is ours.

let server: Bun.Server<undefined> | undefined;

afterEach(async () => {
  await server?.stop(true);
});

function bucketOf(answer: (request: number) => Response | Promise<Response>) {
  let asked = 0;
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 0,
    fetch: () => answer(++asked),
  });
  const clock = new VirtualClock();
  const calls = new GuardedCalls({
    label: "the bucket",
    clock,
    logger: silentLogger,
    random: () => 1,
  });
  const settings = {
    endpoint: `http://127.0.0.1:${server.port}`,
    region: "eu-west-1",
    accessKeyId: "id",
    secretAccessKey: "secret",
    sessionToken: undefined,
  };
  const target = new S3Target("s3://plant/x", settings, { calls });
  return { target, clock, calls, asked: () => asked };
}

/** Lets what goes over the network happen, which takes real time, until so many requests have come. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await Bun.sleep(1);
}

const never = (): Promise<Response> => new Promise(() => {});
const empty = (): Response => new Response("<ListBucketResult></ListBucketResult>");

test("a bucket that does not answer is given up, tried again, and left alone for a while", async () => {
  const { target, clock, calls, asked } = bucketOf(never);
  const listing = rejectionOf(target.list());
  for (const tries of [1, 2, 3]) {
    await until(() => asked() === tries);
    await clock.advance(299_999);
    expect(calls.breaker.state).toBe("closed");
    await clock.advance(1);
    await clock.advance(tries * 200);
  }
  const failure = await listing;
  expect(failure).toBeInstanceOf(TransientError);
  expect(failure.message).toBe('Cannot GET "" in the bucket "plant": no answer within 300 s');
  expect(calls.breaker.state).toBe("open");
  expect(asked()).toBe(3);
  const again = target.list();
  await Bun.sleep(20);
  expect(asked()).toBe(3);
  again.catch(() => {});
});

test("an answer that stops in the middle is given up, too", async () => {
  const { target, clock, asked } = bucketOf((request) =>
    request > 1 ? empty() : new Response(new ReadableStream({ pull: () => new Promise(() => {}) })),
  );
  const listing = target.list();
  await until(() => asked() === 1);
  await Bun.sleep(20);
  await clock.advance(300_000);
  await clock.advance(200);
  expect(await listing).toEqual([]);
  expect(asked()).toBe(2);
});

test("a bucket that is busy is asked again, one that refuses is not", async () => {
  const busy = bucketOf((request) =>
    request < 3 ? new Response("", { status: request === 1 ? 503 : 429 }) : empty(),
  );
  const listing = busy.target.list();
  await until(() => busy.asked() === 1 && busy.clock.sleeping === 1);
  for (const [i, ms] of [200, 400].entries()) {
    // The limit of the call is over, its pause has begun.
    while (busy.asked() < i + 2) {
      await busy.clock.advance(ms);
      await Bun.sleep(1);
    }
  }
  expect(await listing).toEqual([]);
  expect(busy.calls.breaker.state).toBe("closed");
  await server?.stop(true);

  const refusing = bucketOf(() => new Response("<Code>AccessDenied</Code>", { status: 403 }));
  expect(await rejectionOf(refusing.target.list())).toBeInstanceOf(FatalError);
  expect(refusing.asked()).toBe(1);
  expect(refusing.calls.breaker.state).toBe("closed");
});

test("a backup that is stopped asks nothing more", async () => {
  const { target, clock, asked } = bucketOf(never);
  const stop = new AbortController();
  const manifest = { files: [] } as never; // nothing of it is looked at
  const publishing = target.publish("a", { folder: "", manifest, signal: stop.signal });
  const failure = rejectionOf(publishing);
  await until(() => asked() === 1);
  stop.abort(new Error("stopped"));
  expect((await failure).message).toBe("stopped");
  await clock.advance(3_600_000);
  expect(asked()).toBe(1);
});
