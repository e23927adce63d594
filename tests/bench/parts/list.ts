import type { Part } from "../harness/bench.ts";
import { adverse } from "./adverse.ts";
import { checkpoints } from "./checkpoints.ts";
import { kinds } from "./kinds.ts";
import { replay } from "./replay.ts";
import { stdin } from "./stdin.ts";

/** Every part, in the order in which they run. */
export const parts: readonly Part[] = [replay, stdin, adverse, checkpoints, kinds];
