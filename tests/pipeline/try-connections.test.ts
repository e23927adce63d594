import { afterEach, expect, test } from "bun:test";
import * as v from "valibot";
import { OPEN_MS_MAX } from "../../src/core/limits.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { SinkSettings } from "../../src/core/settings.ts";
import { tryConnections } from "../../src/pipeline/try-connections.ts";
import { vabusOptions } from "../../src/sources/vabus/options.ts";
import { vabus } from "../../src/sources/vabus.ts";
import { scriptedSink } from "../support/scripted-sink.ts";
import { settingsOf } from "../support/settings.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

let bus: Bun.Server<undefined> | undefined;

afterEach(async () => {
  await bus?.stop(true);
  bus = undefined;
});

/** A bus that tells what it was asked for. */
function startBus(): string[] {
  const asked: string[] = [];
  bus = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      asked.push(new URL(request.url).pathname);
      return new Response('{"name":"cpu","value":1,"timestamp":1700000000}', {
        headers: { "VaBus-Cursor": "1" },
      });
    },
  });
  return asked;
}

function check(more: Record<string, unknown>, sinks: SinkSettings[] = []) {
  const options = v.parse(vabusOptions, { url: `http://127.0.0.1:${bus?.port}`, ...more });
  const clock = new VirtualClock();
  const checking = tryConnections(settingsOf({ source: { definition: vabus, options }, sinks }), {
    clock,
    logger: silentLogger,
    generation: 1,
  });
  return { checking, clock };
}

test("a look at a bus that hands every event over once takes none", async () => {
  const asked = startBus();
  for (const mode of [{ mode: "pop" }, { mode: "pop", inFlight: 8 }, { cursor: "none" }]) {
    expect(await check(mode).checking).toEqual([{ part: "source", problem: undefined }]);
  }
  await settle();
  await Bun.sleep(20);
  expect(asked).toEqual([]);
});

test("a look at a bus that is read by cursor asks it, and acknowledges nothing", async () => {
  const asked = startBus();
  expect(await check({}).checking).toEqual([{ part: "source", problem: undefined }]);
  expect(new Set(asked)).toEqual(new Set(["/events"]));
});

test("a part that never answers is told, and holds up no other", async () => {
  startBus();
  const { settings: sink } = scriptedSink("silent");
  const definition = { ...sink.definition, open: () => new Promise<never>(() => {}) };
  const good = scriptedSink("good").settings;
  const { checking, clock } = check({ mode: "pop" }, [{ ...sink, definition }, good]);
  await clock.advance(OPEN_MS_MAX);
  expect(await checking).toEqual([
    { part: "source", problem: undefined },
    { part: "sink silent", problem: "Cannot reach the sink silent: no answer within 60 s" },
    { part: "sink good", problem: undefined },
  ]);
});
