import type { Context } from "hono";
import { wrongWord } from "../http/parameters.ts";
import { identityOf } from "./access/identity.ts";
import { jsonAnswer } from "./json-answer.ts";
import type { Route } from "./route.ts";
import { streamAnswer } from "./stream-answer.ts";
import type { TapFeed } from "./tap-feed.ts";
import { readTapQuery } from "./tap-query.ts";

/** `GET /tap`: for operators, since events are shown as they came, with ids and labels. */
export function tapRoute(feed: TapFeed | undefined): Route {
  return {
    method: "GET",
    path: "/tap",
    role: "operator",
    about: "rows and events as they pass: server-sent events, for aggregator tap",
    answer: (c) => answer(c, feed),
  };
}

function answer(c: Context, feed: TapFeed | undefined): Response {
  const read = readTapQuery(c.req.url);
  if ("error" in read) return jsonAnswer(c, read, 400);
  if (feed === undefined) {
    return jsonAnswer(c, { error: "This service shows no passing events" }, 409);
  }
  const { rule } = read.query;
  if (rule !== undefined && !feed.ruleNames.includes(rule)) {
    // Nothing would ever come of it.
    const why = `rule ${JSON.stringify(rule)}: ${wrongWord(feed.ruleNames, rule)}`;
    return jsonAnswer(c, { error: why }, 400);
  }
  return streamAnswer(
    c,
    () => feed.open(read.query, c.req.header("last-event-id"), identityOf(c)),
    "Too many look at passing events already",
  );
}
