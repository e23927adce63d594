import { execFileSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

/** A text as the formatter of the repository writes it. @param fileName Says what it is: `api.md`. */
export function formatted(fileName: string, text: string): string {
  return execFileSync(
    join(root, "node_modules/.bin/biome"),
    ["format", `--stdin-file-path=${fileName}`],
    {
      cwd: root,
      input: text,
      encoding: "utf8",
    },
  );
}
