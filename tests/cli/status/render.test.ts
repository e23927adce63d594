import { describe, expect, test } from "bun:test";
import { stripVTControlCharacters } from "node:util";
import { columnsOf } from "../../../src/cli/screen/columns.ts";
import { painter } from "../../../src/cli/screen/styles.ts";
import { StatusHistory } from "../../../src/cli/status/history.ts";
import type { Look } from "../../../src/cli/status/look.ts";
import { renderStatus } from "../../../src/cli/status/render.ts";
import type { PipelineStatus } from "../../../src/pipeline/view.ts";
import { HOSTILE_NAMES, StagedPipeline } from "../../support/staged-pipeline.ts";

const url = "http://plant-7:8000";

function lookOf(changes: Partial<PipelineStatus> = {}): Look {
  const stage = new StagedPipeline({ seriesCount: 2, windowsBefore: 1 });
  return {
    kind: "seen",
    at: stage.now,
    status: { ...stage.status(), ...changes },
    health: stage.health(),
  };
}

function rendered(look: Look, columns: number, history?: StatusHistory): string[] {
  return renderStatus(look, { url, columns, paint: painter(false), history });
}

describe("renderStatus()", () => {
  test("says what runs, how far it is and where it writes", () => {
    const text = rendered(lookOf(), 120).join("\n");
    for (const part of ["plant-7", "behind", "received", "RULE", "SINK", "balanced", url]) {
      expect(text).toContain(part);
    }
  });

  test("tells why it is not well, first", () => {
    const look = lookOf();
    if (look.kind === "unseen") throw new Error("not seen");
    const health = { status: "degraded", reasons: ["sink warehouse: connection refused"] } as const;
    const lines = rendered({ ...look, health }, 80);
    expect(lines[0]).toContain("degraded");
    expect(lines).toContain("  ! sink warehouse: connection refused");
  });

  test("says that a service cannot be reached, and why", () => {
    const lines = rendered({ kind: "unseen", at: 0, error: "Cannot reach it: refused" }, 60);
    expect(lines).toEqual([`● ${url}  unreachable`, "  Cannot reach it: refused"]);
  });

  test("shows alerts with how long they have been on", () => {
    const look = lookOf();
    if (look.kind === "unseen") throw new Error("not seen");
    const since = look.status.now - 90;
    const alert = { name: "hot", state: "firing", severity: "critical", since, value: 91.5 };
    const told = [{ ...alert, labels: {}, summary: "Too hot", silenced: false }, "nonsense"];
    // A service of another version may say anything.
    const alerts = told as unknown as PipelineStatus["alerts"];
    const text = rendered({ ...look, status: { ...look.status, alerts } }, 100).join("\n");
    expect(text).toMatch(/ALERT +STATE +SEVERITY +SINCE +VALUE +SUMMARY/);
    expect(text).toMatch(/hot +firing +critical +1 min 30 s +91\.5 +Too hot/);
  });

  test("marks a ledger that does not balance", () => {
    const look = lookOf();
    if (look.kind === "unseen") throw new Error("not seen");
    const ledger = { ...look.status.ledger, balanced: false };
    const text = rendered({ ...look, status: { ...look.status, ledger } }, 100).join("\n");
    expect(text).toContain("DOES NOT BALANCE");
  });

  test.each([20, 40, 80, 200])("fits into %d columns, whatever names hold", (columns) => {
    const stage = new StagedPipeline({ seriesCount: 2, windowsBefore: 1, isHostile: true });
    const status = stage.status();
    const history = new StatusHistory();
    for (const name of [...HOSTILE_NAMES, "\u001b[2J\u001b]0;owned\u0007", "a\r\nb"]) {
      const look: Look = {
        kind: "seen",
        at: 0,
        health: { status: "degraded", reasons: [`sink ${name}: ${"why ".repeat(50)}`] },
        status: {
          ...status,
          name,
          source: { ...status.source, description: name, cursor: name },
          rules: status.rules.map((rule) => ({ ...rule, name, to: [name] })),
          sinks: status.sinks.map((sink) => ({ ...sink, name, description: name, problem: name })),
          alerts: [
            { name, state: name, severity: name, since: 1, value: 1, summary: name },
          ] as unknown as PipelineStatus["alerts"],
        },
      };
      history.add(look);
      const lines = renderStatus(look, { url, columns, paint: painter(true), history });
      for (const line of lines) {
        const plain = stripVTControlCharacters(line);
        expect(columnsOf(plain)).toBeLessThanOrEqual(columns);
        expect(plain).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        // Of orders there are but our own colours.
        expect(line.replaceAll(/\p{Cc}\[\d+m/gu, "")).toBe(plain);
      }
    }
  });
});

describe("StatusHistory", () => {
  function at(now: number, received: number, uptime = now): Look {
    const look = lookOf();
    if (look.kind === "unseen") throw new Error("not seen");
    const ledger = { ...look.status.ledger, received };
    return { ...look, status: { ...look.status, now, ledger, uptime_seconds: uptime } };
  }

  test("tells the rate by the clock of the service", () => {
    const history = new StatusHistory();
    expect(history.add(at(100, 1000)).eventsPerSecond).toBeUndefined();
    expect(history.add(at(102, 1500)).eventsPerSecond).toBe(250);
    expect(history.add(at(102, 1500)).eventsPerSecond).toBeUndefined();
  });

  test("compares nothing across a restart or a gap", () => {
    const history = new StatusHistory();
    history.add(at(100, 1000, 50));
    expect(history.add(at(101, 900, 1)).eventsPerSecond).toBeUndefined();
    history.add({ kind: "unseen", at: 102, error: "away" });
    expect(history.add(at(103, 1000, 3)).eventsPerSecond).toBeUndefined();
    expect(history.eventsPerSecond).toEqual([undefined, undefined, undefined, undefined]);
  });
});
