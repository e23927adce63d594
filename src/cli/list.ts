import { alerts } from "./alerts.ts";
import { audit } from "./audit.ts";
import { backup } from "./backup.ts";
import { bus } from "./bus.ts";
import { check } from "./check.ts";
import type { Command } from "./command.ts";
import { completionsFor } from "./completions.ts";
import { deadLetters } from "./dead-letters.ts";
import { demo } from "./demo.ts";
import { diff } from "./diff.ts";
import { exportRules } from "./export.ts";
import { healthcheck } from "./healthcheck.ts";
import { init } from "./init.ts";
import { rekey } from "./rekey.ts";
import { replay } from "./replay.ts";
import { restore } from "./restore.ts";
import { run } from "./run.ts";
import { status } from "./status.ts";
import { tap } from "./tap.ts";
import { test } from "./test.ts";
import { token } from "./token.ts";
import { why } from "./why.ts";

/** Every command, in the order of the overview. */
export const commands: readonly Command[] = [
  run,
  check,
  test,
  diff,
  replay,
  status,
  tap,
  why,
  bus,
  init,
  demo,
  healthcheck,
  alerts,
  audit,
  deadLetters,
  token,
  backup,
  restore,
  rekey,
  exportRules,
  completionsFor(() => commands),
];
