import { expect, test } from "bun:test";
import { Book, type Incident } from "../../src/alerts/book.ts";
import { Notifier } from "../../src/alerts/notifier.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { GuardedCalls } from "../../src/pipeline/guarded-calls.ts";
import { realClock } from "../../src/pipeline/real-clock.ts";
import { describeWithAlertmanager } from "../services/alertmanager.ts";

/** An alert as Alertmanager tells of it. */
interface Known {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly generatorURL: string;
  readonly startsAt: string;
  readonly endsAt: string;
}

await describeWithAlertmanager("a real Alertmanager", ({ url }) => {
  const known = async (alert: string): Promise<Known[]> => {
    const answer = await fetch(`${url}/api/v2/alerts?filter=alertname%3D${alert}`);
    return (await answer.json()) as Known[];
  };

  const tell = async (book: Book): Promise<Notifier> => {
    const settings = {
      name: "am",
      kind: "alertmanager" as const,
      url: `${url}/`,
      headers: {},
      timeoutMs: 10_000,
      groupWaitMs: 0,
      repeatMs: 60_000,
    };
    const notifier = new Notifier(settings, {
      book,
      calls: new GuardedCalls({
        label: "am",
        clock: realClock,
        logger: silentLogger,
        random: () => 0.5,
      }),
      clock: realClock,
      logger: silentLogger,
      pipeline: "plant-7",
      secrets: [],
      link: () => "http://plant-7:8000/#/alerts",
      onTold: () => {},
    });
    await notifier.tellOnce(new AbortController().signal);
    return notifier;
  };

  const incident = (alert: string, labels: Record<string, string>): Incident => ({
    alert,
    key: JSON.stringify(labels),
    severity: "critical",
    labels,
    annotations: { runbook: "https://wiki" },
    summary: "Too hot: <b>91</b>",
    description: "Shut the valve.",
    value: 91,
    startsAt: Math.floor(Date.now() / 1000) - 30,
    endsAt: undefined,
  });

  test("takes what fires, with labels of any kind, and its end", async () => {
    const book = new Book();
    const labels = { name: "pump ü", "labels.host": "a", "1st": "x", ключ: "значение", empty: "" };
    const hot = incident("hot_pump", labels);
    book.fire(hot, ["am"]);
    const notifier = await tell(book);
    expect(notifier.view()).toMatchObject({ sent: 1, errors: 0, dropped: 0, waiting: 0 });
    const [fires] = await known("hot_pump");
    expect(fires!.labels).toEqual({
      alertname: "hot_pump",
      severity: "critical",
      pipeline: "plant-7",
      name: "pump ü",
      labels_host: "a",
      _1st: "x",
      ____: "значение",
    });
    expect(fires!.annotations).toEqual({
      summary: "Too hot: <b>91</b>",
      description: "Shut the valve.",
      runbook: "https://wiki",
      value: "91",
    });
    expect(fires!.generatorURL).toBe("http://plant-7:8000/#/alerts");
    expect(Date.parse(fires!.startsAt)).toBe(hot.startsAt * 1000);
    expect(Date.parse(fires!.endsAt)).toBeGreaterThan(Date.now() + 200_000);
    // Its end: it is among those that fire no more.
    book.resolve("hot_pump", hot.key, Date.now() / 1000 - 1);
    await tell(book);
    expect(await known("hot_pump")).toEqual([]);
  });

  test("takes a hundred at once", async () => {
    const book = new Book();
    for (let i = 0; i < 100; i++) book.fire(incident("many", { sink: `s${i}` }), ["am"]);
    const notifier = await tell(book);
    expect(notifier.view()).toMatchObject({ sent: 100, waiting: 0 });
    expect(await known("many")).toHaveLength(100);
  });
});
