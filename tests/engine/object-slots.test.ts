import { describe, expect, test } from "bun:test";
import { defineObjectAggregation, type ObjectAggregation } from "../../src/core/aggregation.ts";
import { PageCollector, StoredPages } from "../../src/core/stored.ts";
import { Pane } from "../../src/engine/pane.ts";
import { Bench, ruleOf, session } from "../support/engine-input.ts";
import { PageMemory } from "../support/page-memory.ts";

function checkpoint(bench: Bench, memory: PageMemory): void {
  const names = new PageCollector();
  bench.names.changes(names);
  memory.apply(names);
  memory.apply(bench.engine.changes());
}

function objectPages(memory: PageMemory): string[] {
  return [...memory.pages].flatMap(({ key }) => (key.includes("/object/") ? [key] : [])).sort();
}

function at(bench: Bench, time: number, ...names: readonly string[]): void {
  bench.add(names.map((name) => ({ name, value: 1, at: time })));
  bench.collect();
}

const sketches = [ruleOf({ window: session(10), named: ["median"] })];

/** Sessions of which something is stored, whose slots are given again and given back until the next checkpoint. */
function givenBackTwice(memory: PageMemory): Bench {
  const bench = new Bench(sketches);
  at(bench, 100, "a", "b", "c");
  checkpoint(bench, memory);
  at(bench, 200, "t");
  at(bench, 200, "d", "e", "f");
  at(bench, 300, "t");
  return bench;
}

describe("stored objects", () => {
  test("go when their slot was given again and given back between two checkpoints", () => {
    const memory = new PageMemory();
    const bench = givenBackTwice(memory);
    expect(objectPages(memory)).toHaveLength(3);
    checkpoint(bench, memory);
    expect(objectPages(memory)).toHaveLength(1);
  });

  test("that nobody owns are removed after a restart, and their numbers given again", () => {
    const memory = new PageMemory();
    checkpoint(givenBackTwice(memory), memory);
    const [own] = [...memory.pages].filter(({ key }) => key.includes("/object/"));
    const slotless = own!.key.slice(0, own!.key.lastIndexOf("/"));
    memory.apply({ remove: [], put: [{ ...own!, key: `${slotless}/0` }] });
    memory.apply({ remove: [], put: [{ ...own!, key: `${slotless}/9` }] });
    const before = objectPages(memory).length;
    expect(before).toBeGreaterThan(1);

    const next = new Bench(sketches);
    const pages = new StoredPages(memory.pages);
    next.names.restore(pages);
    next.engine.restore(pages);
    checkpoint(next, memory);
    expect(objectPages(memory)).toEqual([own!.key]);
    at(next, 305, "t", "u", "v");
    checkpoint(next, memory);
    expect(objectPages(memory)).toHaveLength(3);
    expect(next.finish()).toEqual([
      "r t median [300,315) = 1 (n=2) #0",
      "r u median [305,315) = 1 (n=1) #0",
      "r v median [305,315) = 1 (n=1) #0",
    ]);
  });

  test("are written by their own function, whatever else the pane holds", () => {
    const pane = new Pane();
    const written = (letter: number): ObjectAggregation =>
      defineObjectAggregation({
        name: `letter ${letter}`,
        init: () => 0,
        add: (state: number) => state,
        merge: (target: number) => target,
        result: () => 0,
        encode: () => Uint8Array.of(letter),
        decode: () => 0,
      });
    const first = pane.objects.add(0, written(7));
    pane.objects.add(0, written(8));
    pane.objects.remove(first);
    pane.objects.add(0, written(9));
    const into = new PageCollector();
    // Nothing is looked up: there is no series that could be walked.
    pane.changes("p", into);
    const bodies = into.put.map(({ key, bytes }) => `${key} ${bytes.at(-1)}`);
    expect(bodies.sort()).toEqual(["p/object/0 9", "p/object/1 8"]);
  });
});
