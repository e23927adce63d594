import { describe, expect, test } from "bun:test";
import { rejectionOf } from "../support/rejection.ts";
import { alertOf } from "./alert-settings.ts";
import { Receiver } from "./receiver.ts";
import { notifier, START, Staged } from "./staged.ts";

describe("an answer", () => {
  test("that names the secret path of the webhook is told without it", async () => {
    await using receiver = new Receiver();
    const path = "/services/T00/B00/xyzzy?key=plugh";
    const body = `Cannot POST ${path} (/services/T00/B00/xyzzy)`;
    receiver.answers.push({ status: 404, body }, { status: 503, body });
    const staged = new Staged([alertOf()], [notifier("slack", receiver.url + path)]);
    const failure = await rejectionOf(staged.alerts.testNotifier("ops"));
    expect(String(failure)).toContain("status 404: Cannot POST *** (***)");
    staged.start();
    staged.outbox = 91;
    await staged.until(receiver, 2);
    await staged.settled();
    const told = JSON.stringify([staged.logged, staged.alerts.report(), staged.alerts.problem]);
    expect(told).not.toMatch(/xyzzy|plugh/);
    await staged.stop();
  });

  test("without end is read no further than is told of it", async () => {
    await using receiver = new Receiver();
    let pulled = 0;
    const body = new ReadableStream({
      pull: (controller) => {
        pulled++;
        // As much as fills the memory, had anybody read it.
        if (pulled > 5_000) controller.close();
        else controller.enqueue(new Uint8Array(65_536).fill(120));
      },
    });
    receiver.answers.push({ status: 404, body });
    const staged = new Staged([alertOf()], [notifier("webhook", receiver.url)]);
    const failure = await rejectionOf(staged.alerts.testNotifier("ops"));
    expect(String(failure)).toEndWith(`status 404: ${"x".repeat(200)}`);
    expect(pulled).toBeLessThan(5_000);
  });

  test("that asks for days is asked again within the hour", async () => {
    await using receiver = new Receiver();
    receiver.answers.push({ status: 429, headers: { "retry-after": "864000" } });
    const staged = new Staged([alertOf()], [notifier("webhook", receiver.url)]);
    staged.start();
    staged.outbox = 91;
    await staged.until(receiver, 1);
    await staged.pass(3_500);
    expect(receiver.received).toHaveLength(1);
    await staged.until(receiver, 2);
    expect(staged.clock.monotonicMs()).toBeLessThan(3_700_000);
    await staged.stop();
  });
});

test("a notifier that refused hears of what still fires once it takes alerts, and a test says that it does", async () => {
  await using receiver = new Receiver();
  receiver.answers.push({ status: 401 }, { status: 401 });
  const staged = new Staged([alertOf()], [notifier("alertmanager", receiver.url)]);
  staged.start();
  staged.outbox = 91;
  await staged.until(receiver, 2);
  await staged.settled();
  expect(staged.alerts.problem).toBe("notifier ops: status 401");
  expect(staged.logged.filter((line) => line.includes("refuses"))).toHaveLength(1);
  await staged.alerts.testNotifier("ops");
  expect(staged.alerts.problem).toBeUndefined();
  await staged.until(receiver, 4);
  expect(receiver.received[3]!.body).toMatchObject([{ labels: { alertname: "hot" } }]);
  staged.outbox = 0;
  await staged.until(receiver, 5);
  await staged.stop();
});

interface Posted {
  readonly startsAt: string;
  readonly endsAt: string;
}

test("what ends while Alertmanager is away is told as ended then, once, when it is back", async () => {
  await using receiver = new Receiver();
  const staged = new Staged([alertOf()], [notifier("alertmanager", receiver.url)]);
  staged.start();
  staged.outbox = 91;
  await staged.until(receiver, 1);
  const away = Array.from({ length: 10 }, () => ({ status: 503 }));
  receiver.answers.push(...away);
  staged.outbox = 0;
  await staged.pass(1);
  const ended = staged.clock.now() / 1000;
  await staged.until(receiver, 12);
  const [{ startsAt, endsAt }] = receiver.received[11]!.body as [Posted];
  expect(Math.abs(Date.parse(endsAt) - ended)).toBeLessThanOrEqual(2_000);
  expect(startsAt).toBe((receiver.received[0]!.body as [Posted])[0].startsAt);
  await staged.pass(300);
  expect(receiver.received).toHaveLength(12);
  await staged.stop();
});

test("a clock that is set back by an hour keeps Alertmanager informed, and no alert ends before it began", async () => {
  await using receiver = new Receiver();
  const staged = new Staged([alertOf()], [notifier("alertmanager", receiver.url)]);
  staged.start();
  staged.outbox = 91;
  await staged.until(receiver, 1);
  staged.clock.jumpWall(-3_600);
  const before = staged.clock.monotonicMs();
  await staged.until(receiver, 2);
  // It takes what it does not hear of for four minutes for over.
  expect(staged.clock.monotonicMs() - before).toBeLessThan(120_000);
  staged.outbox = 0;
  await staged.until(receiver, 3);
  for (const { body } of receiver.received.slice(1)) {
    const [{ startsAt, endsAt }] = body as [Posted];
    expect(Date.parse(startsAt) / 1000).toBeLessThan(START);
    expect(Date.parse(endsAt)).toBeGreaterThanOrEqual(Date.parse(startsAt));
  }
  await staged.stop();
});

test("a clock that was set back while the service was down holds nothing up", async () => {
  await using receiver = new Receiver();
  const staged = new Staged([alertOf()], [notifier("alertmanager", receiver.url)]);
  staged.start();
  staged.outbox = 91;
  await staged.until(receiver, 1);
  await staged.pass(2);
  await staged.stop();
  staged.clock.jumpWall(-3_600);
  await staged.restart();
  const before = staged.clock.monotonicMs();
  await staged.until(receiver, 2);
  staged.outbox = 0;
  await staged.until(receiver, 3);
  expect(staged.clock.monotonicMs() - before).toBeLessThan(120_000);
  expect(staged.alerts.report().alerts).toEqual([]);
  await staged.stop();
});

test("a silence goes by the labels that are shown: those of the alert, too", async () => {
  await using receiver = new Receiver();
  const alert = alertOf({ labels: { team: "ops" } });
  const staged = new Staged([alert], [notifier("webhook", receiver.url)]);
  staged.start();
  staged.outbox = 91;
  await staged.pass(1);
  const { labels } = staged.alerts.report().alerts[0]!;
  expect(labels).toEqual({ sink: "warehouse", team: "ops" });
  // As the button of the dashboard does.
  staged.alerts.silence({ name: "hot", labels, seconds: 100 });
  expect(staged.alerts.report().alerts).toMatchObject([{ silenced: true }]);
  staged.alerts.unsilence({ name: "hot" });
  staged.alerts.silence({ name: "*", labels: { team: "other" }, seconds: 100 });
  expect(staged.alerts.report().alerts).toMatchObject([{ silenced: false }]);
  await staged.stop();
});
