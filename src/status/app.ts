import type { Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { messageOf } from "../core/errors.ts";
import { type Logger, partOf } from "../core/logger.ts";
import { redact } from "../core/redact.ts";
import { isEnough } from "../core/role.ts";
import { type RouteDeclaration, routesBelow } from "../core/route.ts";
import type { Read } from "../http/query.ts";
import type { ServiceControl } from "../pipeline/control.ts";
import type { PipelineStatus, PipelineView } from "../pipeline/view.ts";
import { type Identity, identityOf } from "./access/identity.ts";
import { sessionRoutes } from "./access/session-routes.ts";
import { alertRoutes } from "./alert-routes.ts";
import { servedDocument } from "./api/served-document.ts";
import { type Access, guardOf } from "./auth.ts";
import { actionsOf, controlRoutes } from "./control-routes.ts";
import { ASSET_ROUTES, answerPage, wantsPage } from "./dashboard/serve-page.ts";
import { guardedApp } from "./guarded-app.ts";
import { historyRoute } from "./history-route.ts";
import { indexText } from "./index-text.ts";
import { jsonAnswer } from "./json-answer.ts";
import { letterRoutes } from "./letter-routes.ts";
import { LiveFeed } from "./live-feed.ts";
import { answerMetrics } from "./metrics-answer.ts";
import { readLetterPage, readWindowPage } from "./pages.ts";
import type { RequestMeter } from "./request-meter.ts";
import { readResultQuery, readSeriesQuery } from "./result-queries.ts";
import type { Route } from "./route.ts";
import { RouteTable } from "./route-table.ts";
import { streamAnswer } from "./stream-answer.ts";
import type { TapFeed } from "./tap-feed.ts";
import { tapRoute } from "./tap-route.ts";

/** Another application, and what is declared of its routes, from where it is mounted. */
export interface Mount {
  readonly app: Hono;
  readonly routes: readonly RouteDeclaration[];
}

export interface StatusOptions {
  readonly view: PipelineView;
  readonly access: Access;
  /** What an operator may do; undefined: nothing. */
  readonly control?: ServiceControl;
  /** Tells open dashboards what happens; undefined: they see what was when they came. */
  readonly feed?: LiveFeed;
  /** Shows passing rows and events; undefined: it cannot be looked at. */
  readonly tapFeed?: TapFeed;
  /** Other applications by the path below which they serve: `{ "/vabus": bus }`. */
  readonly mounts?: Readonly<Record<string, Mount>>;
  /** Counts the requests; undefined: nobody wants to know. */
  readonly meter?: RequestMeter | undefined;
  readonly logger: Logger;
  /** Values that the answers must not show, whatever the components say. */
  readonly secrets?: readonly string[];
}

/** Our own routes take no body; a mounted application has a limit of its own. */
const BODY_BYTES_MAX = 64 * 1024;

/**
 * The HTTP interface of a running service. It only reads from the pipeline, so a request never holds up
 * an event for longer than it takes to write the answer.
 */
export function createStatusApp(options: StatusOptions): Hono {
  const { access, mounts = {}, meter } = options;
  const routes = statusRoutes(options);
  const mounted = Object.entries(mounts);
  const table = new RouteTable([...routes, ...declaredBelow(mounts)]);
  const logger = partOf(options.logger, "http");
  const app = guardedApp({ table, guard: guardOf(access), logger, meter });
  for (const [path, mount] of mounted) app.route(path, mount.app);
  const limit = bodyLimit({
    maxSize: BODY_BYTES_MAX,
    onError: (c) => jsonAnswer(c, { error: `Body is larger than ${BODY_BYTES_MAX} bytes` }, 413),
  });
  for (const { method, path, answer } of routes) app.on(method, path, limit, answer);
  return app;
}

/** Every route of our own, with the role that it asks for: a new one is declared here or is not served. */
export function statusRoutes(options: StatusOptions): Route[] {
  const { view, access, control, secrets = [], mounts = {} } = options;
  const acting = { control, logger: partOf(options.logger, "control"), secrets };
  const about = [...stateRoutes(options), ...resultRoutes(options)];
  const index = (c: Context): Response => {
    c.header("vary", "accept");
    if (wantsPage(c)) return answerPage(c);
    const { name } = view.status();
    return c.text(indexText(name, { routes: about, mounts: Object.keys(mounts) }));
  };
  const own: Route[] = [
    ...about,
    ...controlRoutes(acting),
    ...letterRoutes(acting),
    ...sessionRoutes({
      gate: access.mode === "token" ? access.gate : undefined,
      logger: partOf(options.logger, "http"),
    }),
    ...alertRoutes(acting),
    ...ASSET_ROUTES,
    {
      method: "GET",
      path: "/",
      role: "viewer",
      about: "the dashboard for browsers, the list of routes for others",
      answer: index,
    },
    {
      method: "GET",
      path: "/openapi.json",
      role: "viewer",
      about: "this interface as an OpenAPI 3.1 document",
      answer: (c) =>
        jsonAnswer(
          c,
          servedDocument({ version: view.status().version, routes: all, access: access.mode }),
        ),
    },
  ];
  const all = [...own, ...declaredBelow(mounts)];
  return own;
}

/** What the mounted applications declare. */
function declaredBelow(mounts: Readonly<Record<string, Mount>>): RouteDeclaration[] {
  return Object.entries(mounts).flatMap(([path, { routes }]) => routesBelow(path, routes));
}

/** The feed of the dashboards of a service. @param run Tells this run of it from another one. */
export function createLiveFeed(
  options: Pick<StatusOptions, "view" | "control" | "secrets"> & { readonly logger?: Logger },
  run: string,
): LiveFeed {
  const { view, control, secrets = [], logger } = options;
  return new LiveFeed({
    view,
    mask: (value) => masked(value, secrets),
    run,
    // Which they are may change with the configuration.
    actions: (identity) => actionsFor(identity, control),
    onFailure: (failure) =>
      logger?.error("The dashboards could not be told.", { error: messageOf(failure) }),
  });
}

function resultRoutes({ view, control, feed, tapFeed, secrets = [] }: StatusOptions): Route[] {
  const onlyOne = (): LiveFeed =>
    createLiveFeed({ view, ...(control && { control }), secrets }, "0");
  return [
    {
      method: "GET",
      path: "/results",
      role: "viewer",
      about:
        "rows that fired lately; ?rule=, ?name=, ?agg_func=, ?labels=, ?from=, ?to= and ?limit=",
      answer: (c) => queryAnswer(c, readResultQuery, (query) => view.results(query)),
    },
    historyRoute(view, secrets),
    {
      method: "GET",
      path: "/series",
      role: "viewer",
      about: "the series of these rows; ?search= and ?limit=",
      answer: (c) => queryAnswer(c, readSeriesQuery, (query) => view.series(query)),
    },
    {
      method: "GET",
      path: "/stream",
      role: "viewer",
      about: "all of it as it happens: server-sent events, for the dashboard",
      answer: (c) =>
        streamAnswer(
          c,
          () => (feed ?? onlyOne()).open(c.req.header("last-event-id"), identityOf(c)),
          "Too many dashboards are open",
        ),
    },
    tapRoute(tapFeed),
  ];
}

function stateRoutes({ view, access, control, secrets = [] }: StatusOptions): Route[] {
  return [
    {
      method: "GET",
      path: "/healthz",
      role: "none",
      about: "whether the service is alive, and what troubles it",
      answer: (c) => jsonAnswer(c, masked(view.health(), secrets)),
    },
    {
      method: "GET",
      path: "/readyz",
      role: "none",
      about: "whether it is ready; 503 with reasons when not",
      answer(c) {
        const readiness = view.readiness();
        return jsonAnswer(c, masked(readiness, secrets), readiness.ready ? 200 : 503);
      },
    },
    {
      method: "GET",
      path: "/status",
      role: "viewer",
      about: "source, watermark, rules, sinks",
      answer(c) {
        const actions = actionsFor(identityOf(c), control);
        const answer: StatusAnswer = { ...view.status(), actions, access: told(access) };
        return jsonAnswer(c, masked(answer, secrets));
      },
    },
    {
      method: "GET",
      path: "/metrics",
      role: "viewer",
      about: "the same in numbers, for Prometheus",
      answer: (c) => answerMetrics(c, view),
    },
    {
      method: "GET",
      path: "/ledger",
      role: "viewer",
      about: "what became of every event received",
      answer: (c) => jsonAnswer(c, view.ledger()),
    },
    {
      method: "GET",
      path: "/alerts",
      role: "viewer",
      about: "what is pending, fires and was resolved; silences, and who is told",
      answer: (c) => jsonAnswer(c, masked(view.alerts(), secrets)),
    },
    {
      method: "GET",
      path: "/windows",
      role: "viewer",
      about: "windows that are held; ?limit= and ?after=",
      answer: (c) => queryAnswer(c, readWindowPage, (query) => view.windows(query)),
    },
    {
      method: "GET",
      path: "/dead-letters",
      role: "viewer",
      about: "refused events with their reasons; ?limit=, ?after=, ?reason= and ?order=newest",
      answer: (c) => queryAnswer(c, readLetterPage, (query) => view.deadLetters(query)),
    },
  ];
}

/** Answers what a query asks for, or what is wrong with it. */
function queryAnswer<Query>(
  c: Context,
  read: (url: string) => Read<Query>,
  find: (query: Query) => unknown,
): Response {
  const said = read(c.req.url);
  return "error" in said ? jsonAnswer(c, said, 400) : jsonAnswer(c, find(said.query));
}

/** What `/status` answers: how the service is, and what of it is for who asks. */
export interface StatusAnswer extends PipelineStatus {
  /** What who asks may do: who only looks nothing. */
  readonly actions: readonly string[];
  readonly access: AccessStatus;
}

export type AccessStatus =
  | { readonly mode: "open" }
  | { readonly mode: "token"; readonly wrong_tokens: number; readonly sessions: number };

/** What somebody may do: who only looks sees no buttons. */
function actionsFor(
  identity: Identity | undefined,
  control: ServiceControl | undefined,
): readonly string[] {
  return identity === undefined || isEnough(identity.role, "operator") ? actionsOf(control) : [];
}

function told(access: Access): AccessStatus {
  if (access.mode === "open") return { mode: "open" };
  const { attempts, sessions } = access.gate;
  return { mode: "token", wrong_tokens: attempts.failures, sessions: sessions.count };
}

/** Takes the secrets out of every text, and leaves numbers and keys alone. */
function masked(value: unknown, secrets: readonly string[]): unknown {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) =>
    typeof part === "string" ? redact(part, secrets) : part,
  );
}
