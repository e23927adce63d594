import { embedded } from "./embedded.ts";
import { file } from "./file.ts";
import { kafka } from "./kafka.ts";
import { stdin } from "./stdin.ts";
import { vabus } from "./vabus.ts";

/** Every source kind. */
export const sources = [embedded, file, kafka, stdin, vabus] as const;
