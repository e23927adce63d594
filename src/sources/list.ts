import { embedded } from "./embedded.ts";
import { file } from "./file.ts";
import { stdin } from "./stdin.ts";

/** Every source kind. */
export const sources = [embedded, file, stdin] as const;
