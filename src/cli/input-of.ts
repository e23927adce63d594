import { resolve } from "node:path";
import type { SourceSettings } from "../core/settings.ts";
import { file } from "../sources/file.ts";
import { stdin } from "../sources/stdin.ts";

/** The source that `--input` names: a file to its end, or standard input. */
export function inputOf(path: string, cwd: string): SourceSettings {
  if (path === "-") return { definition: stdin, options: { follow: false } };
  return { definition: file, options: { path: resolve(cwd, path), follow: false } };
}
