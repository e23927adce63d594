import { bus } from "./bus.ts";
import type { Command } from "./command.ts";
import { healthcheck } from "./healthcheck.ts";
import { init } from "./init.ts";

/** Every command, in the order of the overview. */
export const commands: readonly Command[] = [bus, init, healthcheck];
