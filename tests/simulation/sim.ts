// `bun run sim [--seeds N] [--from N] [--seed N] [--trace] [--replays]`: runs seeds of the simulation, each twice. A
// seed that breaks a rule is printed with the command that runs it again.
import { parseArgs } from "node:util";
import { simulate } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
    replays: { type: "boolean", default: false },
  },
});

const first = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1) {
  console.error("Cannot run the simulation: --seed, --seeds and --from take whole numbers");
  process.exit(2);
}

let failures = 0;
let lives = 0;
let virtualMs = 0;
for (let seed = first; seed < first + count; seed++) {
  const { replays } = values;
  const outcome = await simulate(seed, { replays });
  const again = await simulate(seed, { replays });
  lives += outcome.lives;
  virtualMs += outcome.virtualMs;
  if (values.trace) console.log(outcome.trace.join("\n"));
  const isSame = outcome.hash === again.hash;
  const violation = isSame ? outcome.violation : `two runs differ: ${differenceOf(outcome, again)}`;
  if (violation === undefined) continue;
  failures++;
  const how = `--seed ${seed} --trace${replays ? " --replays" : ""}`;
  console.log(`seed ${seed}: ${violation}\n  bun run sim ${how}`);
}
const hours = (virtualMs / 3_600_000).toFixed(1);
console.log(
  `${count} seeds, ${lives} starts, ${hours} hours of virtual time, ${failures} failures`,
);
process.exit(failures === 0 ? 0 : 1);

function differenceOf(
  { trace: a }: { trace: readonly string[] },
  { trace: b }: { trace: readonly string[] },
): string {
  const at = a.findIndex((line, i) => line !== b[i]);
  return `at event ${at}, "${a[at]}" and "${b[at]}"`;
}
