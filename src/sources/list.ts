import { file } from "./file.ts";
import { stdin } from "./stdin.ts";

/** Every source kind. */
export const sources = [file, stdin] as const;
