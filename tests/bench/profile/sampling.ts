import { readFileSync } from "node:fs";

/** Where a sampling profiler found the program. */
export interface Share {
  /** Function and file below `src`, or what of the runtime it is. */
  readonly place: string;
  /** Of all samples. */
  readonly part: number;
}

/** The form that Chrome's tools and the runtime agree on. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
}

/** Self time by function, the most first. */
export function sharesOf(path: string, max: number): Share[] {
  const profile = JSON.parse(readFileSync(path, "utf8")) as CpuProfile; // written by the runtime
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const counts = new Map<string, number>();
  for (const id of profile.samples) {
    const place = places.get(id) ?? "unknown";
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return [...counts]
    .map(([place, count]) => ({ place, part: count / profile.samples.length }))
    .toSorted((a, b) => b.part - a.part)
    .slice(0, max);
}

function placeOf(frame: { readonly functionName: string; readonly url: string }): string {
  const file = /\/src\/(.*)$/.exec(frame.url)?.[1];
  const name = frame.functionName || "(top level)";
  if (file !== undefined) return `${name} in ${file}`;
  return frame.url === "" ? `${name} (native)` : `${name} (runtime)`;
}
