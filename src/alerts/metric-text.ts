import type { Sample } from "./signal-watch.ts";

/** The label pairs of a line: values escape `\`, `"` and line feeds. */
const PAIR = /([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)",?/g;

const LINE = /^([A-Za-z_:][A-Za-z0-9_:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$/;

/** The samples of a Prometheus text exposition (0.0.4). Lines that are none are passed over. */
export function samplesOfText(text: string, wanted: ReadonlySet<string>): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const match = LINE.exec(line);
    if (match === null || !wanted.has(match[1]!)) continue;
    const labels = Object.create(null) as Record<string, string>;
    for (const [, label, value] of (match[2] ?? "").matchAll(PAIR)) {
      labels[label!] = value!.replace(/\\(.)/g, (_, sign: string) => (sign === "n" ? "\n" : sign));
    }
    samples.push({ name: match[1]!, labels, value: numberOf(match[3]!) });
  }
  return samples;
}

function numberOf(word: string): number {
  if (word === "+Inf" || word === "Inf") return Infinity;
  return word === "-Inf" ? -Infinity : Number(word);
}
