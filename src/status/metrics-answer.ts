import type { Context } from "hono";
import { accepts } from "hono/accepts";
import type { PipelineView } from "../pipeline/view.ts";

/** What a scraper may ask for; the first is what it gets when it does not say. */
const TYPES = {
  "text/plain": {
    format: "prometheus",
    type: "text/plain; version=0.0.4; charset=utf-8",
  },
  "application/openmetrics-text": {
    format: "openmetrics",
    type: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  },
} as const;

type Accepted = keyof typeof TYPES;

/** The metrics in the format that the scraper prefers. */
export async function answerMetrics(c: Context, view: PipelineView): Promise<Response> {
  const accepted = accepts(c, {
    header: "Accept",
    supports: Object.keys(TYPES),
    default: "text/plain",
    match: preferred,
  }) as Accepted; // one of these, or the default
  const { format, type } = TYPES[accepted];
  return c.body(await view.prometheus(format), 200, { "content-type": type, vary: "accept" });
}

interface Wish {
  readonly type: string;
  readonly q: number;
  readonly params: Readonly<Record<string, string>>;
}

/** OpenMetrics only for who asks for its name, in the version that we write, over plain text. */
function preferred(wishes: readonly Wish[]): string {
  const open = wishes.filter(
    ({ type, params }) =>
      type === "application/openmetrics-text" &&
      (params["version"] === undefined || params["version"] === "1.0.0"),
  );
  const plain = wishes.filter(({ type }) => type === "text/plain");
  const best = (of: readonly Wish[]): number => Math.max(0, ...of.map(({ q }) => q));
  const isOpen = best(open) > 0 && best(open) >= best(plain);
  return isOpen ? "application/openmetrics-text" : "text/plain";
}
