import * as v from "valibot";
import { type Aggregation, defineObjectAggregation } from "../core/aggregation.ts";
import { messageOf } from "../core/errors.ts";
import { secondsOf } from "../core/time.ts";
import { codeSchema } from "./code.ts";
import { copyState, decodeState, encodeState } from "./json-state.ts";

/** The window whose result a custom function computes. */
export interface CustomWindow {
  /** Events of the series in the window: more than 0. */
  readonly count: number;
  /** Unix seconds: [start, end). */
  readonly start: number;
  readonly end: number;
}

/**
 * A function of your own. The state is JSON: numbers (infinite ones, too), texts, lists and plain objects. The
 * result must not hang on how the events were divided or ordered: windows are put together from parts.
 */
export interface CustomFunction<State> {
  /** The state of no events. */
  readonly init: () => State;
  /** Adds a value; `time` is that of the event, in unix seconds. May change `state` and return it. */
  readonly add: (state: NoInfer<State>, value: number, time: number) => NoInfer<State>;
  /** Puts two states together; what is in `a` was the earlier to arrive. May change `a` and return it. */
  readonly merge: (a: NoInfer<State>, b: NoInfer<State>) => NoInfer<State>;
  /** The value of the row; null: there is none. */
  readonly result: (state: NoInfer<State>, window: CustomWindow) => number | null;
}

/** What {@link customFunction} makes. */
export interface CustomFunctionCall {
  readonly kind: "custom";
}

/**
 * A function of your own, in `aggregate` or in `functions`.
 *
 * @example The difference of the largest and the smallest value
 * ```ts
 * customFunction({
 *   init: () => ({ least: Infinity, most: -Infinity }),
 *   add: ({ least, most }, value) => ({ least: Math.min(least, value), most: Math.max(most, value) }),
 *   merge: (a, b) => ({ least: Math.min(a.least, b.least), most: Math.max(a.most, b.most) }),
 *   result: ({ least, most }) => most - least,
 * }).kind; // => "custom"
 * ```
 */
export function customFunction<State>(parts: CustomFunction<State>): CustomFunctionCall {
  const call: CustomFunctionCall & CustomFunction<State> = { ...parts, kind: "custom" };
  return call;
}

/** The four functions, before anybody knows what their state is. */
type Parts = CustomFunction<unknown>;

const part = codeSchema<(...args: never) => unknown>();

const partsSchema = v.strictObject({ init: part, add: part, merge: part, result: part });

/** Checks the parts of a custom function; its `init` is tried, since its state can be told by nothing else. */
export const customSchema: v.GenericSchema<unknown, Parts> = v.pipe(
  partsSchema,
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    // Which types they have only the compiler of the configuration knows.
    const parts = dataset.value as unknown as Parts;
    try {
      copyState(parts.init());
    } catch (thrown) {
      addIssue({ message: `must have an init that works: ${messageOf(thrown)}` });
      return NEVER;
    }
    return parts;
  }),
);

/**
 * The aggregation that a custom function is. Where it throws, or returns what it should not, this throws: the
 * engine says so in the row. States are copied wherever two accumulators could come to share one.
 */
export function customAggregation(name: string, parts: Parts): Aggregation {
  const text = [parts.init, parts.add, parts.merge, parts.result].map(String).join("\n");
  return defineObjectAggregation<unknown>({
    name,
    source: text,
    init: () => copyState(parts.init()),
    add: (state, value, time) => returned("add", parts.add(whole(state), value, time / 1e6)),
    merge: (target, source) =>
      returned("merge", parts.merge(whole(target), copyState(whole(source)))),
    result(state, { count, start, end }) {
      // Rows are made more than once of a state that goes on.
      const own = copyState(whole(state));
      const value: unknown = parts.result(own, {
        count,
        start: secondsOf(start),
        end: secondsOf(end),
      });
      if (value === null || typeof value === "number") return value;
      throw new TypeError(`result has to return a number or null, not ${typeof value}`);
    },
    encode: (state) => {
      try {
        return encodeState(whole(state));
      } catch (failure) {
        // A checkpoint must not fail for it.
        return Uint8Array.from([FAULT, ...new TextEncoder().encode(messageOf(failure))]);
      }
    },
    decode: (bytes) =>
      bytes[0] === FAULT
        ? new Unkept(new TextDecoder().decode(bytes.subarray(1)))
        : decodeState(bytes),
  });
}

/** Begins what is kept of a state that was no JSON; no text in UTF-8 begins so. */
const FAULT = 0xff;

/** A state that could not be kept over a restart. */
class Unkept {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

function whole(state: unknown): unknown {
  if (state instanceof Unkept) throw new TypeError(state.message);
  return state;
}

function returned(name: string, state: unknown): unknown {
  if (state === undefined) throw new TypeError(`${name} has to return the state`);
  return state;
}
