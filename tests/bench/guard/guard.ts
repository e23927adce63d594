// `bun run bench:guard`: fails when the road from a file to rows has become much slower. Compared is CPU time with
// that of the naive program in the same run, warm, the least of many passes in several processes: whatever else
// the machine does adds time to a pass, and takes none away.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { StreamShape } from "../generate.ts";
import { runCommand } from "../harness/arguments.ts";
import { type Input, Inputs, rowsIn } from "../harness/inputs.ts";
import { load } from "../harness/machine.ts";
import { runForJson } from "../harness/process.ts";

const EVENTS = 300_000;
const PASSES = { ours: 8, naive: 4 } as const;
const ROUNDS = 3;
/** Before it fails it looks again, as often as this in all. */
const LOOKS = 3;
/** Slower than expected by this factor is a failure: what noise does stays below, and 1.5 is well above. */
const FACTOR = 1.3;

/** Five windows: their rows are a small part of the work, as they are in life. */
const SECONDS = 300;
const SHAPES: Readonly<Record<string, StreamShape>> = {
  usual: { seconds: SECONDS },
  "shuffled fields": { seconds: SECONDS, layout: "shuffled" },
  "17 digits": { seconds: SECONDS, digits: "seventeen" },
};
const BASELINE = "usual";
const EXPECTED = join(import.meta.dir, "expected.json");

async function run(options: Options): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "aggregator-guard-"));
  try {
    return await guard(folder, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function guard(folder: string, { slowdown, update }: Options): Promise<number> {
  const expected = JSON.parse(readFileSync(EXPECTED, "utf8")) as Record<string, number>; // ours
  const before = load();
  const best = new Best(folder, slowdown);
  let slow: string[] = [];
  for (let look = 0; look < LOOKS; look++) {
    await best.look();
    slow = Object.keys(SHAPES).filter((shape) => best.ratio(shape) < expected[shape]! / FACTOR);
    if (slow.length === 0 || update) break;
  }
  for (const shape of Object.keys(SHAPES)) {
    const ratio = best.ratio(shape).toFixed(2);
    const least = (expected[shape]! / FACTOR).toFixed(2);
    console.log(
      `${shape.padEnd(16)} ${ratio} times naive, expected ${expected[shape]}, at least ${least}`,
    );
  }
  console.log(`Load of the machine before and after: ${before} and ${load()}`);
  if (update) {
    const found = Object.keys(SHAPES).map((shape) => [shape, hundredths(best.ratio(shape))]);
    writeFileSync(EXPECTED, `${JSON.stringify(Object.fromEntries(found), undefined, 2)}\n`);
    return 0;
  }
  const fast = Object.keys(SHAPES).filter((shape) => best.ratio(shape) > expected[shape]! * FACTOR);
  if (fast.length > 0) {
    console.log(`Faster than expected: ${fast.join(", ")}; bun run bench:guard --update holds it`);
  }
  if (slow.length === 0) return 0;
  console.error(`Slower than it was: ${slow.join(", ")}; bun run bench --profile says where`);
  return 1;
}

/** The least CPU time of each program so far. */
class Best {
  readonly #folder: string;
  readonly #slowdown: number;
  readonly #inputs: Inputs;
  readonly #seconds = new Map<string, number>();

  constructor(folder: string, slowdown: number) {
    this.#folder = folder;
    this.#slowdown = slowdown;
    this.#inputs = new Inputs(folder, () => undefined);
  }

  async look(): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      await this.#run("naive", BASELINE);
      for (const shape of Object.keys(SHAPES)) await this.#run("ours", shape);
    }
  }

  /** How many times less we need for these lines than the naive program for the usual ones. */
  ratio(shape: string): number {
    return this.#seconds.get(`naive ${BASELINE}`)! / this.#seconds.get(`ours ${shape}`)!;
  }

  async #run(program: "ours" | "naive", shape: string): Promise<void> {
    const input: Input = this.#inputs.of(EVENTS, SHAPES[shape]);
    const output = join(this.#folder, "rows.ndjson");
    rmSync(output, { force: true });
    const slowdown = program === "ours" ? this.#slowdown : 1;
    const args = [program, input.path, output, String(PASSES[program]), String(slowdown)];
    const command = [process.execPath, join(import.meta.dir, "pass.ts"), ...args];
    const passes = await runForJson<number[]>(command, { cwd: this.#folder });
    input.answer.check(await rowsIn(output));
    const key = `${program} ${shape}`;
    this.#seconds.set(key, Math.min(this.#seconds.get(key) ?? Infinity, ...passes));
  }
}

function hundredths(ratio: number): number {
  return Math.round(ratio * 100) / 100;
}

interface Options {
  readonly help: boolean;
  readonly slowdown: number;
  readonly update: boolean;
}

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h", default: false },
      slowdown: { type: "string", default: "1" },
      update: { type: "boolean", default: false },
    },
  });
  const slowdown = Number(values.slowdown);
  if (!(slowdown >= 1)) {
    throw new Error(`Cannot take --slowdown "${values.slowdown}": must be a number of at least 1`);
  }
  return { help: values.help, slowdown, update: values.update };
}

const HELP = [
  "Fails when a replay has become much slower than expected.json says: bun run bench:guard [OPTION…]",
  "",
  "  --update        writes what is found into expected.json",
  "  --slowdown F    lets each pass of ours take F times as long: it must then fail (1.5 and more)",
  "  --help          this text",
].join("\n");

process.exitCode = await runCommand({ line: "bun run bench:guard", help: HELP, optionsOf, run });
