import { formatDuration } from "./time.ts";
import { WEEKDAYS, type WindowRule } from "./window.ts";

/**
 * A window as one would write it in a configuration, without what is so anyway.
 *
 * @example
 * ```ts
 * windowText({ kind: "calendar", unit: "day", zone: "Europe/Berlin", weekStart: 1 });
 * // => 'calendar("day", { zone: "Europe/Berlin" })'
 * ```
 */
export function windowText(window: WindowRule): string {
  switch (window.kind) {
    case "tumbling": {
      const { size, offset } = window;
      return call("tumbling", formatDuration(size), [["offset", offset && formatDuration(offset)]]);
    }
    case "hopping": {
      const { size, every, offset } = window;
      return call("hopping", formatDuration(size), [
        ["every", formatDuration(every)],
        ["offset", offset && formatDuration(offset)],
      ]);
    }
    case "session":
      return call("session", formatDuration(window.gap), []);
    case "calendar": {
      const { unit, zone, weekStart } = window;
      return call("calendar", unit, [
        // The hours of all zones are the same.
        ["zone", unit !== "hour" && zone !== "UTC" && zone],
        ["weekStart", unit === "week" && weekStart !== 1 && WEEKDAYS[weekStart - 1]],
      ]);
    }
  }
}

/** An option that is no text is left out. */
function call(
  name: string,
  argument: string,
  options: readonly (readonly [key: string, value: unknown])[],
): string {
  const written = options.flatMap(([key, value]) =>
    typeof value === "string" ? [`${key}: ${JSON.stringify(value)}`] : [],
  );
  const rest = written.length === 0 ? "" : `, { ${written.join(", ")} }`;
  return `${name}(${JSON.stringify(argument)}${rest})`;
}
