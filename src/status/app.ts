import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { secureHeaders } from "hono/secure-headers";
import { messageOf } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { redact } from "../core/redact.ts";
import type { ServiceControl } from "../pipeline/control.ts";
import type { PipelineView } from "../pipeline/view.ts";
import { type Access, guard } from "./auth.ts";
import { ACTIONS, actionsOf, addControlRoutes } from "./control-routes.ts";
import { addDashboard, DASHBOARD_POLICY, isPage } from "./dashboard/serve-page.ts";
import { indexText } from "./index-text.ts";
import { jsonAnswer } from "./json-answer.ts";
import { addLetterRoutes, LETTER_ACTIONS } from "./letter-routes.ts";
import { LiveFeed } from "./live-feed.ts";
import { readLetterPage, readWindowPage } from "./pages.ts";
import { readResultQuery, readSeriesQuery } from "./result-queries.ts";

export interface StatusOptions {
  readonly view: PipelineView;
  readonly access: Access;
  /** What an operator may do; undefined: nothing. */
  readonly control?: ServiceControl;
  /** Tells open dashboards what happens; undefined: they see what was when they came. */
  readonly feed?: LiveFeed;
  /** Other applications by the path below which they serve: `{ "/vabus": bus }`. */
  readonly mounts?: Readonly<Record<string, Hono>>;
  readonly logger: Logger;
  /** Values that the answers must not show, whatever the components say. */
  readonly secrets?: readonly string[];
}

/** Our own routes take no body; a mounted application has a limit of its own. */
const BODY_BYTES_MAX = 64 * 1024;

/** The format that Prometheus asks for. */
const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** One route: what it answers, and a line for the index. */
export interface Route {
  readonly path: string;
  readonly about: string;
  readonly answer: (c: Context) => Response | Promise<Response>;
}

/**
 * The HTTP interface of a running service. It only reads from the pipeline, so a request never holds up
 * an event for longer than it takes to write the answer.
 */
export function createStatusApp(options: StatusOptions): Hono {
  const { access, mounts = {}, logger } = options;
  const app = new Hono({ strict: false });
  app.use(async (c, next) => {
    await next();
    // The page alone may load what belongs to it, and talk to us.
    if (isPage(c)) c.res.headers.set("content-security-policy", DASHBOARD_POLICY);
  });
  app.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      xFrameOptions: "DENY",
      // Said by a plain server it would mean nothing; behind a proxy with TLS it is the proxy's to say.
      strictTransportSecurity: false,
    }),
  );
  app.use(async (c, next) => {
    await next();
    if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
  });
  // The page says nothing of the service: it asks for the token, and shows what that opens.
  if (access.mode === "token") addDashboard(app);
  app.use(guard(access));
  if (access.mode === "open") addDashboard(app);
  for (const [path, mounted] of Object.entries(mounts)) app.route(path, mounted);

  const limit = bodyLimit({
    maxSize: BODY_BYTES_MAX,
    onError: (c) => jsonAnswer(c, { error: `Body is larger than ${BODY_BYTES_MAX} bytes` }, 413),
  });
  const acting = { control: options.control, logger, secrets: options.secrets ?? [] };
  app.use("/control/*", limit);
  addControlRoutes(app, acting);
  for (const path of LETTER_ACTIONS) app.use(path, limit);
  addLetterRoutes(app, acting);
  const routes = routesOf(options);
  const all = [...routes, { path: "/", about: "this page", answer: index }];
  for (const { path, answer } of all) {
    app.get(path, answer);
    // HEAD is served by GET.
    app.all(path, limit, (c) => {
      c.header("allow", "GET, HEAD");
      return jsonAnswer(c, { error: `Method ${c.req.method} is not allowed here` }, 405);
    });
  }
  app.notFound((c) => {
    const controls = ACTIONS.map((action) => `/control/${action}`);
    const paths = [
      ...routes.map(({ path }) => path),
      ...LETTER_ACTIONS,
      ...controls,
      ...Object.keys(mounts),
    ];
    return jsonAnswer(c, { error: `No route ${c.req.path}`, routes: paths }, 404);
  });
  app.onError((thrown, c) => {
    // Details are for the log: they may say more than the client should know.
    logger.error("A request failed.", { path: c.req.path, error: messageOf(thrown) });
    return jsonAnswer(c, { error: "Internal error, see the log" }, 500);
  });
  return app;

  function index(c: Context): Response {
    const name = options.view.status().name;
    return c.text(indexText(name, { routes, mounts: Object.keys(mounts) }));
  }
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
    actions: () => actionsOf(control),
    onFailure: (failure) =>
      logger?.error("The dashboards could not be told.", { error: messageOf(failure) }),
  });
}

function routesOf(options: StatusOptions): Route[] {
  return [...routesOfState(options), ...routesOfResults(options)];
}

function routesOfResults({ view, control, feed, secrets = [] }: StatusOptions): Route[] {
  const onlyOne = (): LiveFeed =>
    createLiveFeed({ view, ...(control && { control }), secrets }, "0");
  return [
    {
      path: "/results",
      about:
        "rows that fired lately; ?rule=, ?name=, ?agg_func=, ?labels=, ?from=, ?to= and ?limit=",
      answer(c) {
        const read = readResultQuery(c.req.url);
        return "error" in read ? jsonAnswer(c, read, 400) : jsonAnswer(c, view.results(read.query));
      },
    },
    {
      path: "/series",
      about: "the series of these rows; ?search= and ?limit=",
      answer(c) {
        const read = readSeriesQuery(c.req.url);
        return "error" in read ? jsonAnswer(c, read, 400) : jsonAnswer(c, view.series(read.query));
      },
    },
    {
      path: "/stream",
      about: "all of it as it happens: server-sent events, for the dashboard",
      answer: (c) => streamAnswer(c, feed ?? onlyOne()),
    },
  ];
}

function streamAnswer(c: Context, feed: LiveFeed): Response {
  const headers = { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" };
  // Nobody would read it.
  if (c.req.raw.method === "HEAD") return c.body(null, 200, headers);
  const stream = feed.open(c.req.header("last-event-id"));
  if (stream !== undefined) return c.body(stream, 200, headers);
  c.header("retry-after", "30");
  return jsonAnswer(c, { error: "Too many dashboards are open" }, 503);
}

function routesOfState({ view, secrets = [] }: StatusOptions): Route[] {
  return [
    {
      path: "/healthz",
      about: "whether the service is alive, and what troubles it",
      answer: (c) => jsonAnswer(c, masked(view.health(), secrets)),
    },
    {
      path: "/readyz",
      about: "whether it is ready; 503 with reasons when not",
      answer(c) {
        const readiness = view.readiness();
        return jsonAnswer(c, masked(readiness, secrets), readiness.ready ? 200 : 503);
      },
    },
    {
      path: "/status",
      about: "source, watermark, rules, sinks",
      answer: (c) => jsonAnswer(c, masked(view.status(), secrets)),
    },
    {
      path: "/metrics",
      about: "the same in numbers, for Prometheus",
      async answer(c) {
        return c.body(await view.prometheus(), 200, { "content-type": PROMETHEUS_TYPE });
      },
    },
    {
      path: "/ledger",
      about: "what became of every event received",
      answer: (c) => jsonAnswer(c, view.ledger()),
    },
    {
      path: "/windows",
      about: "windows that are held; ?limit= and ?after=",
      answer(c) {
        const query = readWindowPage(c.req.url);
        return "error" in query
          ? jsonAnswer(c, query, 400)
          : jsonAnswer(c, view.windows(query.page));
      },
    },
    {
      path: "/dead-letters",
      about: "refused events with their reasons; ?limit=, ?after=, ?reason= and ?order=newest",
      answer(c) {
        const query = readLetterPage(c.req.url);
        return "error" in query
          ? jsonAnswer(c, query, 400)
          : jsonAnswer(c, view.deadLetters(query.page));
      },
    },
  ];
}

/** Takes the secrets out of every text, and leaves numbers and keys alone. */
function masked(value: unknown, secrets: readonly string[]): unknown {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) =>
    typeof part === "string" ? redact(part, secrets) : part,
  );
}
