import { expect, test } from "bun:test";
import type { Logger } from "../../src/core/logger.ts";
import { FailureLog } from "../../src/pipeline/failure-log.ts";

test("tells the first ones, then how many there were, and the next ones a minute later", () => {
  const said: string[] = [];
  const logger = {
    error: (message: string, fields: object) => said.push(`${message} ${JSON.stringify(fields)}`),
  } as unknown as Logger;
  let nowMs = 0;
  const log = new FailureLog(logger, () => nowMs);
  for (let i = 0; i < 25; i++) log.add(`no. ${i}`);
  expect(said).toHaveLength(10);
  expect(said[9]).toBe('A function of the configuration failed. {"detail":"no. 9"}');
  nowMs = 60_000;
  log.add("later");
  expect(said.slice(10)).toEqual([
    'Functions of the configuration failed more often than is told here. {"more":15}',
    'A function of the configuration failed. {"detail":"later"}',
  ]);
});
