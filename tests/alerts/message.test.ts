import { describe, expect, test } from "bun:test";
import type { Incident } from "../../src/alerts/book.ts";
import { messageFor } from "../../src/alerts/message.ts";

const context = {
  pipeline: "plant-7",
  link: "http://plant-7:8000/#/alerts",
  now: 1_000,
  holdsFor: 240,
};

function posted(parts: Partial<Incident>): {
  readonly labels: Record<string, string>;
  readonly startsAt: string;
  readonly endsAt: string;
} {
  const incident: Incident = {
    alert: "hot",
    key: "{}",
    severity: "warning",
    labels: {},
    annotations: {},
    summary: "",
    description: undefined,
    value: 1,
    startsAt: 900,
    endsAt: undefined,
    ...parts,
  };
  const to = { kind: "alertmanager", url: "http://am:9093" } as const;
  const [one] = JSON.parse(messageFor(to, [incident], context).body);
  return one;
}

describe("what Alertmanager tells alerts apart by", () => {
  test("no label of a series is lost under names that come to the same, or are ours", () => {
    const labels = { "a-b": "1", "a.b": "2", a_b: "3", a_b_: "4", pipeline: "5", severity: "6" };
    const { labels: told } = posted({ labels });
    expect(Object.values(told).sort()).toEqual([
      "1",
      "2",
      "3",
      "4",
      "5",
      "6",
      "hot",
      "plant-7",
      "warning",
    ]);
    expect(told).toMatchObject({ pipeline: "plant-7", severity: "warning", alertname: "hot" });
  });

  test("the order in which labels stand changes nothing, and no name is empty", () => {
    const one = posted({ labels: { "a-b": "1", "a.b": "2", "": "3" } });
    const other = posted({ labels: { "": "3", "a.b": "2", "a-b": "1" } });
    expect(one.labels).toEqual(other.labels);
    expect(Object.keys(one.labels)).not.toContain("");
  });

  test("what began ahead of the clock still ends behind its beginning", () => {
    const { startsAt, endsAt } = posted({ startsAt: 5_000 });
    expect(Date.parse(endsAt)).toBeGreaterThan(Date.parse(startsAt));
  });
});
