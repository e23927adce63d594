import type { Part } from "../harness/bench.ts";
import { adverse } from "./adverse.ts";
import { checkpoints } from "./checkpoints.ts";
import { durable } from "./durable.ts";
import { http } from "./http.ts";
import { idle } from "./idle.ts";
import { kafka } from "./kafka.ts";
import { kinds } from "./kinds.ts";
import { pull } from "./pull.ts";
import { replay } from "./replay.ts";
import { series } from "./series.ts";
import { startup } from "./startup.ts";
import { stdin } from "./stdin.ts";

/** Every part, in the order in which they run: those that leave a server behind come last. */
export const parts: readonly Part[] = [
  replay,
  stdin,
  http,
  pull,
  adverse,
  series,
  kinds,
  checkpoints,
  startup,
  idle,
  kafka,
  durable,
];
