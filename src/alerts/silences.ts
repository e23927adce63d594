import type { AlertSettings } from "../core/alert-settings.ts";
import { globMatcher } from "../core/glob.ts";
import { SILENCES_MAX } from "../core/limits.ts";
import type { Silence, SilenceRequest } from "../pipeline/view.ts";
import type { Labels } from "./instances.ts";

/** Times in which alerts are not told of. They go by our clock, and end by themselves. */
export class Silences {
  #silences: Silence[] = [];
  /** Globs are read once: all that fires is held against all of them, once a second. */
  readonly #matchers = new WeakMap<Silence, (name: string) => boolean>();

  /** Those in force at a time (Unix seconds), the newest first. */
  at(now: number): readonly Silence[] {
    return this.#silences.filter(({ until }) => until > now);
  }

  /** @returns It; undefined: there are too many. */
  add(
    request: SilenceRequest,
    options: { readonly id: string; readonly now: number },
  ): Silence | undefined {
    const { id, now } = options;
    this.#silences = [...this.at(now)];
    if (this.#silences.length >= SILENCES_MAX) return undefined;
    const { name, labels = {}, seconds, comment = "" } = request;
    const silence: Silence = { id, name, labels, since: now, until: now + seconds, comment };
    this.#silences.unshift(silence);
    return silence;
  }

  /** Ends one by its id, or all of a name. Returns how many. */
  remove(
    which: { readonly id?: string | undefined; readonly name?: string | undefined },
    now: number,
  ): number {
    const present = this.at(now);
    const left = present.filter(({ id, name }) =>
      which.id === undefined ? name !== which.name : id !== which.id,
    );
    this.#silences = [...left];
    return present.length - left.length;
  }

  /** The one that ends last of those that silence an instance: by its labels and those of its alert. */
  of(
    alert: Pick<AlertSettings, "name" | "labels">,
    labels: Labels,
    now: number,
  ): Silence | undefined {
    let last: Silence | undefined;
    for (const silence of this.#silences) {
      if (silence.until <= now || silence.until <= (last?.until ?? -Infinity)) continue;
      if (this.#matcherOf(silence)(alert.name) && covers(silence, alert, labels)) last = silence;
    }
    return last;
  }

  #matcherOf(silence: Silence): (name: string) => boolean {
    let matcher = this.#matchers.get(silence);
    if (matcher === undefined) {
      matcher = globMatcher(silence.name);
      this.#matchers.set(silence, matcher);
    }
    return matcher;
  }

  store(): readonly Silence[] {
    return this.#silences;
  }

  restore(stored: readonly Silence[]): void {
    this.#silences = stored.slice(0, SILENCES_MAX);
  }
}

function covers(silence: Silence, alert: Pick<AlertSettings, "labels">, labels: Labels): boolean {
  for (const label in silence.labels) {
    // As they are shown: those of the alert cover those of the series.
    const shown = Object.hasOwn(alert.labels, label) ? alert.labels : labels;
    if (!Object.hasOwn(shown, label) || shown[label] !== silence.labels[label]) return false;
  }
  return true;
}
