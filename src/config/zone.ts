import * as v from "valibot";
import { nearest } from "../core/nearest.ts";

const WISH = 'must be a zone of the IANA database such as "Europe/Berlin"';

/** A schema of a zone of the IANA database, spelt as there. */
export function zone(): v.GenericSchema<string, string> {
  return v.pipe(
    // Any value goes on: one place says what is wrong with it.
    v.custom<string>(() => true),
    v.rawTransform<string, string>(({ dataset, addIssue, NEVER }) => {
      const input: unknown = dataset.value;
      const known = typeof input === "string" ? identifierOf(input) : undefined;
      if (known !== undefined) return known;
      const meant = typeof input === "string" ? zoneNear(input) : undefined;
      addIssue({ message: meant === undefined ? WISH : `${WISH}, did you mean "${meant}"?` });
      return NEVER;
    }),
  );
}

/** Zones by their distance from UTC are none of the database: clocks do not change there. */
function identifierOf(text: string): string | undefined {
  if (!/^[A-Za-z]/.test(text)) return undefined;
  try {
    return new Temporal.ZonedDateTime(0n, text).timeZoneId;
  } catch {
    return undefined;
  }
}

/** Also by the city alone: `Berlin`. */
function zoneNear(text: string): string | undefined {
  const zones = ["UTC", ...Intl.supportedValuesOf("timeZone")];
  const city = text.replaceAll(" ", "_").toLowerCase();
  return (
    zones.find((one) => one.slice(one.lastIndexOf("/") + 1).toLowerCase() === city) ??
    nearest(text, zones)
  );
}
