import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { refuseWhenFull } from "../../src/cli/open-files.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

test("more files than anybody needs are a reason to take no connections, until there are fewer", async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const lines: string[] = [];
  const say = (message: string): void => void lines.push(message);
  const logger = { ...silentLogger, warn: say, info: say };
  const done: string[] = [];
  const listening = {
    pause: () => void done.push("pause"),
    resume: () => {
      done.push("resume");
      return true;
    },
  };
  const lowest = openSync(devNull, "r");
  const files = [lowest];
  const filesMax = lowest + 200;
  const running = refuseWhenFull({ listening }, { clock, logger, filesMax, signal: stop.signal });
  await clock.advance(1_000);
  expect(done).toEqual([]);
  while (files.at(-1)! < filesMax) files.push(openSync(devNull, "r"));
  await clock.advance(1_000);
  expect(done).toEqual(["pause"]);
  for (const file of files.splice(0)) closeSync(file);
  await clock.advance(1_000);
  expect(done).toEqual(["pause", "resume"]);
  stop.abort();
  await running;
  expect(lines).toEqual([
    `${filesMax} files and connections are open; new ones are refused.`,
    "Connections are taken again.",
  ]);
});
