import * as v from "valibot";
import { errorDoc, RETRY_AFTER } from "../../http/answers.ts";
import type { OperationDoc, OperationDocs } from "../../http/operation.ts";
import { purgeOrder, replayOrder } from "../letter-order.ts";
import { letterPageQuery, windowPageQuery } from "../pages.ts";
import { historyQuery, resultQuery, seriesQuery } from "../result-queries.ts";
import { tapQuery } from "../tap-query.ts";
import {
  configErrors,
  doneAnswer,
  purgeOutcome,
  reloadOutcome,
  replayOutcome,
} from "./action-answers.ts";
import { ALERT_OPERATIONS } from "./alert-operations.ts";
import * as examples from "./examples.ts";
import { historyAnswer, resultsAnswer, seriesAnswer } from "./result-answers.ts";
import { loginAnswer, loginBody, logoutAnswer, sessionAnswer } from "./session-answers.ts";
import {
  deadLettersAnswer,
  healthAnswer,
  ledgerAnswer,
  notReadyAnswer,
  readyAnswer,
  statusAnswer,
  windowsAnswer,
} from "./state-answers.ts";

const wrongQuery = errorDoc(
  "A parameter is unknown, given twice, or wrong.",
  'limit "0": must be a whole number from 1 to 1000',
);

const STATE: OperationDocs = {
  "GET /healthz": {
    tag: "State",
    about: "Always 200 while it answers at all: what only degrades is no reason to restart it.",
    answers: {
      200: { about: "It is alive.", schema: healthAnswer, example: examples.health },
    },
  },
  "GET /readyz": {
    tag: "State",
    answers: {
      200: { about: "It takes events.", schema: readyAnswer, example: { ready: true } },
      503: {
        about: "It does not yet, or no more.",
        schema: notReadyAnswer,
        example: examples.notReady,
      },
    },
  },
  "GET /status": {
    tag: "State",
    about: "The everyday look at a service. Secrets are masked, whatever the parts say.",
    answers: { 200: { about: "All of it.", schema: statusAnswer, example: examples.status } },
  },
  "GET /metrics": {
    tag: "State",
    about:
      "The text format of Prometheus, version 0.0.4; OpenMetrics 1.0.0 for who prefers it by Accept.",
    answers: {
      200: {
        about: "The metrics.",
        type: "text/plain",
        schema: v.string(),
        example: 'aggregator_events_total{outcome="late"} 1\n',
      },
    },
  },
  "GET /ledger": {
    tag: "State",
    answers: {
      200: { about: "The account.", schema: ledgerAnswer, example: examples.ledger },
    },
  },
  "GET /windows": {
    tag: "State",
    query: windowPageQuery,
    answers: {
      200: { about: "A page of them.", schema: windowsAnswer, example: examples.windows },
      400: wrongQuery,
    },
  },
};

const RESULTS: OperationDocs = {
  "GET /results": {
    tag: "Results",
    query: resultQuery,
    answers: {
      200: { about: "The newest of these rows.", schema: resultsAnswer, example: examples.results },
      400: wrongQuery,
    },
  },
  "GET /history": {
    tag: "Results",
    about:
      "Out of the first sink of the rule that can be read: SQLite or Postgres. It only reads, and gives up after five " +
      "seconds; what is asked for again within ten seconds is answered from memory.",
    query: historyQuery,
    answers: {
      200: { about: "The points.", schema: historyAnswer, example: examples.history },
      400: wrongQuery,
      409: errorDoc(
        "No sink of the rule can be read.",
        "Rows of rule per_minute go to kafka alone, where they cannot be read again: a chart goes back as far as the memory",
      ),
      503: {
        ...errorDoc(
          "The sink is away, or it took too long.",
          "Cannot read …: no answer within 5 s",
        ),
        headers: RETRY_AFTER,
      },
    },
  },
  "GET /series": {
    tag: "Results",
    query: seriesQuery,
    answers: {
      200: { about: "The series.", schema: seriesAnswer, example: examples.series },
      400: wrongQuery,
    },
  },
  "GET /stream": {
    tag: "Results",
    about:
      "Events `hello` (the run, and samples of the last minutes), `rows` (what fired since) and `status` " +
      "(as `/status`, with `windows` and `actions`), once a second. `Last-Event-ID` goes on behind it.",
    headers: { "Last-Event-ID": "The last id that was seen: rows go on behind it." },
    answers: {
      200: {
        about: "A stream without end.",
        type: "text/event-stream",
        schema: v.string(),
        example: 'id: 3f2a.17\nevent: rows\ndata: {"rows":[],"skipped":0}\n\n',
      },
      503: {
        ...errorDoc("Too many of them are open.", "Too many dashboards are open"),
        headers: RETRY_AFTER,
      },
    },
  },
  "GET /tap": {
    tag: "Results",
    about:
      "Events `hello`, then `event` (`at` and `event`, as it came), `refused` (as a dead letter), `row` (as in " +
      "`/results`), and once a second `counts`: what passed, what was looked at, and what was left out. Looking " +
      "holds nothing up: at most 10,000 events a second are looked at. `Last-Event-ID` goes on with the rows " +
      "that were missed; `missed` of `hello` counts the events.",
    query: tapQuery,
    headers: { "Last-Event-ID": "The last id that was seen: rows go on behind it." },
    answers: {
      200: {
        about: "A stream without end.",
        type: "text/event-stream",
        schema: v.string(),
        example:
          'id: 3f2a.17.4711\nevent: event\ndata: {"at":"cursor 7","event":{"name":"cpu","value":1}}\n\n',
      },
      400: wrongQuery,
      409: errorDoc("This service shows none.", "This service shows no passing events"),
      503: {
        ...errorDoc("Too many look already.", "Too many look at passing events already"),
        headers: RETRY_AFTER,
      },
    },
  },
};

const letterBody = {
  types: ["application/json"],
  about: "Which dead letters. The same words may stand in the query instead: `?reason=late&all`.",
  isRequired: false,
} as const;

const letterFailures = {
  400: errorDoc(
    "What is asked for is wrong.",
    'reason "lates": must be one of …, did you mean late?',
  ),
  409: errorDoc("This service cannot do it at all.", "This service has no dead letters to work on"),
  503: errorDoc("It cannot be done now.", "The disk is full"),
} as const;

const LETTERS: OperationDocs = {
  "GET /dead-letters": {
    tag: "Dead letters",
    query: letterPageQuery,
    answers: {
      200: { about: "A page of them.", schema: deadLettersAnswer, example: examples.deadLetters },
      400: wrongQuery,
    },
  },
  "POST /dead-letters/replay": {
    tag: "Dead letters",
    about:
      "Events are received again, rows go to the sink again. All of them, unless the body says which.",
    body: {
      ...letterBody,
      schema: replayOrder,
      example: { reason: "unknown_function", through: 4711 },
    },
    answers: {
      200: { about: "What became of them.", schema: replayOutcome, example: examples.replayed },
      ...letterFailures,
    },
  },
  "POST /dead-letters/purge": {
    tag: "Dead letters",
    about: "For good. `through` or `all` has to be said.",
    body: {
      ...letterBody,
      isRequired: true,
      schema: purgeOrder,
      example: { reason: "late", through: 4711 },
    },
    answers: {
      200: { about: "They are gone.", schema: purgeOutcome, example: { purged: 17 } },
      ...letterFailures,
    },
  },
};

const CONTROL: OperationDocs = {
  "POST /control/pause": {
    ...control("pause", "It cannot be written down: it is paused, but a restart would read on."),
    about: "At once, and over a restart. What is held stays, rows are still delivered.",
  },
  "POST /control/resume": control(
    "resume",
    "It cannot be written down: it reads, but a restart would be paused.",
  ),
  "POST /control/checkpoint": control("checkpoint", "None can be made now."),
  "POST /control/backup": control("backup", "None are configured, or it failed."),
  "POST /control/reload": reload(),
};

function control(action: string, cannot: string): OperationDoc {
  return {
    tag: "Control",
    answers: {
      200: { about: "It is done.", schema: doneAnswer(action), example: { done: action } },
      409: errorDoc(cannot, `This service cannot ${action}`),
    },
  };
}

function reload(): OperationDoc {
  const { answers } = control("reload", "It cannot be read now.");
  return {
    tag: "Control",
    about: "As SIGHUP does. A wrong one changes nothing. What did not change keeps its state.",
    answers: {
      ...answers,
      200: {
        about: "It is in force.",
        schema: doneAnswer("reload", reloadOutcome),
        example: {
          done: "reload",
          outcome: { changes: ["rules.per_minute: window 60s, was 30s"] },
        },
      },
      422: {
        about: "The configuration is wrong: every error at once.",
        schema: configErrors,
        example: examples.configErrors,
      },
    },
  };
}

/** A part of the page, with its media type. */
function file(type: string): OperationDoc {
  return {
    tag: "Dashboard",
    headers: { "If-None-Match": "The `ETag` of what is there already." },
    answers: {
      200: { about: "The file.", type, headers: { ETag: "Of these bytes." } },
      304: { about: "It is the same still." },
    },
  };
}

const DASHBOARD: OperationDocs = {
  "GET /": {
    tag: "Dashboard",
    about: "The page, where `Accept` has `text/html`; else what there is to ask, as text.",
    answers: {
      200: {
        about: "The page, or the list.",
        type: "text/plain",
        alsoTypes: ["text/html"],
        schema: v.string(),
      },
      304: { about: "It is the same still." },
    },
  },
  "GET /assets/dashboard.js": file("text/javascript"),
  "GET /assets/dashboard.css": file("text/css"),
  "GET /assets/icon.svg": file("image/svg+xml"),
  "GET /assets/inter-latin.woff2": file("font/woff2"),
  "GET /assets/inter-cyrillic.woff2": file("font/woff2"),
  "GET /openapi.json": {
    tag: "Dashboard",
    about: "OpenAPI 3.1: the routes that this service has, and what they answer.",
    answers: {
      200: {
        about: "The document.",
        schema: v.objectWithRest({ openapi: v.literal("3.1.1") }, v.unknown()),
      },
    },
  },
};

const SESSIONS: OperationDocs = {
  "POST /login": {
    tag: "Signing in",
    about:
      "For browsers: other clients show their token with each request. The cookie is `HttpOnly` and " +
      "`SameSite=Strict`; it ends with its token.",
    body: {
      types: ["application/json", "application/x-www-form-urlencoded"],
      about: "The token.",
      schema: loginBody,
      example: { token: "t0ken" },
      isRequired: true,
    },
    answers: {
      200: {
        about: "Signed in.",
        schema: loginAnswer,
        example: examples.signedIn,
        headers: { "Set-Cookie": "The session." },
      },
      400: errorDoc("There is no token in the body.", "Body must hold the token"),
      401: {
        ...errorDoc("The token is wrong, or expired.", "Token is wrong"),
        headers: { "WWW-Authenticate": "How to say who one is." },
      },
      403: errorDoc("The token is for the bus alone, or a page of another site asks.", "…"),
      409: errorDoc("Everybody on this machine is let in.", "Nobody has to sign in here"),
      429: {
        ...errorDoc(
          "Too many wrong tokens came from there.",
          "Too many wrong tokens came from here",
        ),
        headers: RETRY_AFTER,
      },
      503: {
        ...errorDoc(
          "The issuer of the token cannot be asked.",
          "The issuer of tokens cannot be asked",
        ),
        headers: RETRY_AFTER,
      },
    },
  },
  "POST /logout": {
    tag: "Signing in",
    answers: {
      200: { about: "Signed out.", schema: logoutAnswer, example: { signed_in: false } },
    },
  },
  "GET /session": {
    tag: "Signing in",
    answers: {
      200: { about: "Who asks.", schema: sessionAnswer, example: examples.signedIn },
    },
  },
};

/** What is said of every route of our own. Made into `openapi.json` by `bun run generate`. */
export const STATUS_OPERATIONS: OperationDocs = {
  ...STATE,
  ...RESULTS,
  ...LETTERS,
  ...CONTROL,
  ...SESSIONS,
  ...ALERT_OPERATIONS,
  ...DASHBOARD,
};
