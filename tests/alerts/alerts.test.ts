import { describe, expect, test } from "bun:test";
import { rejectionOf } from "../support/rejection.ts";
import { alertOf, seconds } from "./alert-settings.ts";
import { Receiver } from "./receiver.ts";
import { notifier, START, Staged } from "./staged.ts";

const hot = alertOf({
  for: seconds(5),
  severity: "critical",
  labels: { team: "ops" },
  annotations: { runbook: "https://wiki/{labels.sink}" },
});

interface Posted {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
}

/** Alertmanager gets a list. */
const posted = ({ received }: Receiver, at: number): Posted => (received[at]!.body as Posted[])[0]!;

describe("Alertmanager", () => {
  test("hears of what fires, again and again, and of its end", async () => {
    await using receiver = new Receiver();
    const staged = new Staged([hot], [notifier("alertmanager", receiver.url)]);
    staged.start();
    staged.outbox = 91;
    await staged.pass(3);
    expect(receiver.received).toEqual([]);
    await staged.until(receiver, 1);
    expect(receiver.received[0]!.path).toBe("/api/v2/alerts");
    const first = posted(receiver, 0);
    expect(first.labels).toEqual({
      alertname: "hot",
      severity: "critical",
      pipeline: "plant-7",
      sink: "warehouse",
      team: "ops",
    });
    expect(first.annotations).toEqual({
      summary: "hot is 91, beyond 90",
      runbook: "https://wiki/warehouse",
      value: "91",
    });
    expect(first.generatorURL).toBe("http://plant-7:8000/#/alerts");
    const startsAt = Date.parse(first.startsAt) / 1000;
    expect(startsAt).toBeGreaterThanOrEqual(START + 5);
    // It holds for four of the pauses after which it is said again.
    expect(Date.parse(first.endsAt) / 1000 - startsAt).toBeGreaterThanOrEqual(240);
    await staged.until(receiver, 2);
    expect(staged.clock.now() / 1e6).toBeGreaterThanOrEqual(startsAt + 60);
    expect(posted(receiver, 1).startsAt).toBe(first.startsAt);
    expect(Date.parse(posted(receiver, 1).endsAt)).toBeGreaterThan(Date.parse(first.endsAt));
    staged.outbox = 0;
    await staged.until(receiver, 3);
    const last = posted(receiver, 2);
    expect(Date.parse(last.endsAt)).toBeLessThanOrEqual(staged.clock.now() / 1000);
    await staged.pass(200);
    await staged.settled();
    expect(receiver.received).toHaveLength(3);
    await staged.stop();
  });
});

describe("Slack", () => {
  test("gets one message for what changes together, with nothing of it as markup", async () => {
    await using receiver = new Receiver();
    const loud = alertOf({ summary: "<!channel> & {labels.sink}", severity: "critical" });
    const staged = new Staged(
      [loud, alertOf({ name: "second" })],
      [
        notifier("slack", `${receiver.url}/hook`, {
          groupWaitMs: 3_000,
          headers: { "x-key": "k" },
        }),
      ],
    );
    staged.start();
    staged.outbox = 91;
    await staged.until(receiver, 1);
    const { path, headers, body } = receiver.received[0]!;
    expect(path).toBe("/hook");
    expect(headers.get("x-key")).toBe("k");
    const text = JSON.stringify(body);
    expect(text).toContain("[plant-7] 2 firing: hot, second");
    expect(text).toContain("&lt;!channel&gt; &amp; warehouse");
    expect(text).not.toContain("<!channel>");
    expect(text).toContain('"color":"#b3193f"');
    staged.outbox = 0;
    await staged.until(receiver, 2);
    expect(JSON.stringify(receiver.received[1]!.body)).toContain("*RESOLVED*");
    await staged.stop();
  });
});

describe("a notifier that fails", () => {
  test("is tried again until it has heard, and holds up nobody else", async () => {
    await using receiver = new Receiver();
    await using other = new Receiver();
    receiver.answers.push({ status: 500 }, "hang", {
      status: 429,
      headers: { "retry-after": "7" },
    });
    const staged = new Staged(
      [alertOf({ notify: ["ops", "other"] })],
      [
        notifier("webhook", receiver.url, { timeoutMs: 60_000 }),
        notifier("webhook", other.url, { name: "other" }),
      ],
    );
    staged.start();
    staged.outbox = 91;
    await staged.until(other, 1);
    await staged.until(receiver, 2);
    // The second hangs until its time is over.
    await staged.until(receiver, 4);
    expect(other.received).toHaveLength(1);
    const [ops] = staged.alerts.report().notifiers;
    expect(ops).toMatchObject({ name: "ops", sent: 1, waiting: 0, dropped: 0 });
    expect(ops!.errors).toBeGreaterThan(0);
    expect(staged.alerts.problem).toBeUndefined();
    await staged.stop();
  });

  test("says so while it does, without what is secret", async () => {
    await using receiver = new Receiver();
    const answers = Array.from({ length: 50 }, () => ({ status: 503 }));
    receiver.answers.push(...answers);
    const staged = new Staged([alertOf()], [notifier("slack", `${receiver.url}/s3cret`)]);
    staged.start();
    staged.outbox = 91;
    await staged.until(receiver, 4);
    await staged.pass(30);
    await staged.settled();
    expect(staged.alerts.problem).toContain("notifier ops: status 503");
    const told = staged.logged.filter((line) => line.includes("cannot be told"));
    expect(told).toHaveLength(1);
    expect(told[0]).not.toContain("s3cret");
    await staged.stop();
  });

  test("that refuses for good is not asked again, and it is counted", async () => {
    await using receiver = new Receiver();
    receiver.answers.push({ status: 404 });
    const staged = new Staged([alertOf()], [notifier("webhook", receiver.url)]);
    staged.start();
    staged.outbox = 91;
    await staged.until(receiver, 1);
    await staged.pass(30);
    await staged.settled();
    expect(receiver.received).toHaveLength(1);
    expect(staged.alerts.report().notifiers[0]).toMatchObject({ dropped: 1, waiting: 0 });
    await staged.stop();
  });

  test("hears after a restart what it has not heard before it", async () => {
    const port = await freePort();
    const staged = new Staged([hot], [notifier("webhook", `http://127.0.0.1:${port}`)]);
    staged.start();
    staged.outbox = 91;
    await staged.pass(20);
    await staged.settled();
    expect(staged.alerts.report().alerts).toMatchObject([{ name: "hot", state: "firing" }]);
    await staged.restart();
    staged.outbox = 0;
    await staged.pass(3);
    await using receiver = new Receiver(port);
    // What was on its way when it ended may come first.
    for (let count = 1; ; count++) {
      await staged.until(receiver, count);
      const { alerts } = receiver.received[count - 1]!.body as { alerts: { state: string }[] };
      if (alerts[0]!.state === "resolved") break;
    }
    expect(receiver.received.at(-1)!.body).toMatchObject({
      pipeline: "plant-7",
      alerts: [{ name: "hot", labels: { sink: "warehouse" } }],
    });
    await staged.stop();
  });
});

describe("a restart", () => {
  test("resolves and fires nothing anew: who heard does not hear again", async () => {
    await using receiver = new Receiver();
    const staged = new Staged([hot], [notifier("webhook", receiver.url)]);
    staged.start();
    staged.outbox = 91;
    await staged.until(receiver, 1);
    const { since } = staged.alerts.report().alerts[0]!;
    await staged.pass(2); // that it was told is kept with the next look
    await staged.restart();
    await staged.pass(30);
    await staged.settled();
    expect(receiver.received).toHaveLength(1);
    expect(staged.alerts.report().alerts[0]!.since).toBe(since);
    staged.outbox = 0;
    await staged.until(receiver, 2);
    expect(staged.alerts.report().resolved).toMatchObject([{ name: "hot", since }]);
    await staged.stop();
  });

  test("under other alerts resolves what is gone", async () => {
    await using receiver = new Receiver();
    const staged = new Staged([hot], [notifier("webhook", receiver.url)]);
    staged.start();
    staged.outbox = 91;
    await staged.until(receiver, 1);
    staged.follow({ alerts: [alertOf({ name: "other", notify: [] })] });
    await staged.until(receiver, 2);
    expect(receiver.received[1]!.body).toMatchObject({
      alerts: [{ name: "hot", state: "resolved" }],
    });
    await staged.stop();
  });

  test("a reload that changes words alone changes nothing else", async () => {
    await using receiver = new Receiver();
    const staged = new Staged([hot], [notifier("webhook", receiver.url)]);
    staged.start();
    staged.outbox = 91;
    await staged.until(receiver, 1);
    staged.follow({ alerts: [{ ...hot, summary: "other words" }] });
    await staged.pass(20);
    await staged.settled();
    expect(receiver.received).toHaveLength(1);
    expect(staged.alerts.report().alerts).toMatchObject([
      { summary: "other words", state: "firing" },
    ]);
    await staged.stop();
  });

  test("a state that cannot be kept stops no alert", async () => {
    await using receiver = new Receiver();
    const staged = new Staged([hot], [notifier("webhook", receiver.url)]);
    staged.isKept = false;
    staged.start();
    staged.outbox = 91;
    await staged.until(receiver, 1);
    const told = staged.logged.filter((line) => line.includes("cannot be kept"));
    expect(told).toHaveLength(1);
    await staged.stop();
  });
});

describe("a silence", () => {
  const request = { name: "h*", labels: { sink: "warehouse" }, seconds: 100, comment: "upgrade" };

  test("keeps an alert from being told, and its end tells what still fires", async () => {
    await using receiver = new Receiver();
    const staged = new Staged([hot], [notifier("webhook", receiver.url)]);
    staged.start();
    staged.alerts.silence(request);
    staged.outbox = 91;
    await staged.pass(90);
    await staged.settled();
    expect(receiver.received).toEqual([]);
    expect(staged.alerts.report().alerts).toMatchObject([{ state: "firing", silenced: true }]);
    await staged.until(receiver, 1);
    expect(staged.clock.now() / 1e6).toBeGreaterThanOrEqual(START + 100);
    expect(staged.alerts.report().silences).toEqual([]);
    await staged.stop();
  });

  test("outlives a restart, and ends when it is told to", async () => {
    await using receiver = new Receiver();
    const staged = new Staged([hot], [notifier("webhook", receiver.url)]);
    staged.start();
    staged.alerts.silence(request);
    await staged.restart();
    expect(staged.alerts.report().silences).toMatchObject([{ name: "h*", comment: "upgrade" }]);
    staged.outbox = 91;
    await staged.pass(20);
    expect(staged.alerts.unsilence({ id: "1f00a2c3" })).toBe(1);
    await staged.until(receiver, 1);
    await staged.stop();
  });

  test("of other labels changes nothing", async () => {
    await using receiver = new Receiver();
    const staged = new Staged([hot], [notifier("webhook", receiver.url)]);
    staged.start();
    staged.alerts.silence({ ...request, labels: { sink: "other" } });
    staged.outbox = 91;
    await staged.until(receiver, 1);
    await staged.stop();
  });

  test("that begins while it fires: who heard of it hears of its end", async () => {
    await using receiver = new Receiver();
    const staged = new Staged([hot], [notifier("webhook", receiver.url)]);
    staged.start();
    staged.outbox = 91;
    await staged.until(receiver, 1);
    staged.alerts.silence(request);
    staged.outbox = 0;
    await staged.until(receiver, 2);
    expect(receiver.received[1]!.body).toMatchObject({ alerts: [{ state: "resolved" }] });
    await staged.stop();
  });
});

test("a notifier can be tested: it gets a message, or it is said why not", async () => {
  await using receiver = new Receiver();
  receiver.answers.push({ status: 200 }, { status: 403 });
  const staged = new Staged([], [notifier("slack", `${receiver.url}/s3cret`)]);
  await staged.alerts.testNotifier("ops");
  expect(JSON.stringify(receiver.received[0]!.body)).toContain("This is a test of notifier ops");
  const failure = await rejectionOf(staged.alerts.testNotifier("ops"));
  expect(failure.message).toBe("Cannot tell ops: status 403");
  await receiver[Symbol.asyncDispose]();
  const gone = await rejectionOf(staged.alerts.testNotifier("ops"));
  expect(gone.message).toStartWith("Cannot tell ops: ");
  expect(gone.message).not.toContain("s3cret");
  expect(staged.alerts.report()).toMatchObject({ alerts: [], notifiers: [{ sent: 0 }] });
});

test("a metric is looked at by its name and labels", async () => {
  const threshold = { side: "above", limit: 5, until: 5 } as const;
  const labels = new Map([["sink", ["ware*"]]]);
  const when = {
    kind: "metric",
    metric: "aggregator_sink_errors_total",
    labels,
    threshold,
  } as const;
  const staged = new Staged([alertOf({ when })], []);
  staged.metrics = [
    "# TYPE aggregator_sink_errors_total counter",
    'aggregator_sink_errors_total{sink="ware\\"house"} 6',
    'aggregator_sink_errors_total{sink="other"} 99',
    'aggregator_rows_written_total{sink="warehouse"} 99',
    "",
  ].join("\n");
  await staged.alerts.tick();
  expect(staged.alerts.report().alerts.map(({ labels: of }) => of)).toEqual([
    { sink: 'ware"house' },
  ]);
});

test("the last words of a service tell why it stops", async () => {
  await using receiver = new Receiver();
  const threshold = { side: "above", limit: 0, until: 0 } as const;
  const when = { kind: "signal", signal: "fenced", threshold } as const;
  const staged = new Staged(
    [alertOf({ name: "sink_fenced", when })],
    [notifier("webhook", receiver.url)],
  );
  await staged.alerts.close("fenced");
  expect(receiver.received[0]!.body).toMatchObject({ alerts: [{ name: "sink_fenced" }] });
  // The next run resolves it when it has reached everything.
  await staged.restart();
  await staged.until(receiver, 2);
  expect(receiver.received[1]!.body).toMatchObject({ alerts: [{ state: "resolved" }] });
  await staged.stop();
});

async function freePort(): Promise<number> {
  const receiver = new Receiver();
  const { port } = receiver;
  await receiver[Symbol.asyncDispose]();
  return port;
}
