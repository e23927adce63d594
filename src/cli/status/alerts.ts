import { spanText, valueText } from "../screen/numbers.ts";
import type { Style } from "../screen/styles.ts";
import { tableLines } from "../screen/table.ts";
import type { Seen } from "./look.ts";
import type { RenderOptions } from "./render.ts";

/** An alert as `/status` tells of it. */
interface ShownAlert {
  readonly name: string;
  readonly state: string;
  readonly severity: string;
  /** Unix seconds; null: nobody knows. */
  readonly since: number | null;
  readonly value: number | null;
  readonly summary: string;
  readonly silenced: boolean;
}

/** The alerts that are on, below a line of their own; nothing where there are none. */
export function alertLines({ status }: Seen, { columns, paint }: RenderOptions): string[] {
  const alerts = status.alerts.map(alertOf);
  if (alerts.length === 0) return [];
  return [
    "",
    ...tableLines(
      [
        { title: "ALERT", least: 8 },
        { title: "STATE" },
        { title: "SEVERITY", leave: 2 },
        { title: "SINCE", align: "right", leave: 3 },
        { title: "VALUE", align: "right", leave: 4 },
        { title: "SUMMARY", least: 10, leave: 1 },
      ],
      alerts.map(({ name, state, severity, since, value, summary, silenced }) => [
        name,
        { text: silenced ? `${state} (silenced)` : state, style: styleOf(state, silenced) },
        severity,
        since === null ? "" : spanText(Math.max(status.now - since, 0)),
        valueText(value),
        summary,
      ]),
      { columns, paint },
    ),
  ];
}

function styleOf(state: string, silenced: boolean): Style | undefined {
  if (silenced) return "dim";
  return state === "firing" ? "red" : state === "pending" ? "yellow" : undefined;
}

/** A service of another version may tell more, or less. */
function alertOf(told: unknown): ShownAlert {
  const alert = (typeof told === "object" && told !== null ? told : {}) as Record<string, unknown>;
  const text = (key: string): string => (typeof alert[key] === "string" ? alert[key] : "");
  const number = (key: string): number | null =>
    typeof alert[key] === "number" ? alert[key] : null;
  return {
    name: text("name"),
    state: text("state"),
    severity: text("severity"),
    since: number("since"),
    value: number("value"),
    summary: text("summary"),
    silenced: alert["silenced"] === true,
  };
}
