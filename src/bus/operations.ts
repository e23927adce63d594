import * as v from "valibot";
import { REFUSAL_REASONS } from "../core/event.ts";
import { LABELS_MAX, NAME_BYTES_MAX } from "../core/limits.ts";
import { errorDoc, RETRY_AFTER } from "../http/answers.ts";
import { count, moment, number, text } from "../http/fields.ts";
import type { OperationDoc, OperationDocs } from "../http/operation.ts";
import { readerQuery, takerQuery } from "./query.ts";

const name = v.pipe(
  v.string(),
  v.minLength(1),
  v.description(`At most ${NAME_BYTES_MAX} bytes of UTF-8, no NUL, no lone surrogate.`),
);

const busEvent = v.pipe(
  v.objectWithRest(
    {
      name,
      value: number("Finite."),
      timestamp: moment("When it happened; a fraction is allowed."),
      agg_func: v.exactOptional(
        v.pipe(v.nullable(v.string()), v.description("The function; `sum` when it is left out.")),
      ),
      id: v.exactOptional(
        v.pipe(
          v.nullable(v.union([v.string(), v.number()])),
          v.description("An event with an id that was there already counts once."),
        ),
      ),
      labels: v.exactOptional(
        v.pipe(
          v.nullable(v.record(v.string(), v.string())),
          v.description(`At most ${LABELS_MAX} texts by their keys.`),
        ),
      ),
    },
    v.unknown(),
  ),
  v.title("Event"),
);

const metric = v.pipe(
  v.objectWithRest(
    {
      name,
      value: number("Finite."),
      timestamp: v.exactOptional(
        v.pipe(v.nullable(v.number()), v.description("Unix seconds; now when it is left out.")),
      ),
    },
    v.unknown(),
  ),
  v.title("Metric"),
);

const published = v.pipe(
  v.object({
    accepted: count("Records that are on disk."),
    rejected: v.pipe(
      v.array(
        v.object({
          index: count("Of the record in the body, from 0; blank lines do not count."),
          reason: v.pipe(v.picklist(REFUSAL_REASONS), v.description("Why.")),
          detail: text("The same in words, with the value and what is wanted."),
        }),
      ),
      v.description("The first thousand of those that are not."),
    ),
    rejected_count: count("All of those that are not."),
    cursor: text("Behind the last record of the log."),
  }),
  v.title("Published"),
);

const gone = v.pipe(
  v.object({
    error: text("What is wrong."),
    oldest: text("The cursor of the oldest record that is kept."),
    lost: count("Records between the two."),
  }),
  v.title("CursorGone"),
);

const health = v.pipe(
  v.object({
    status: v.literal("ok"),
    bytes: count("Bytes of events on disk."),
    bytes_max: count("How many there may be."),
    events: count("Events that are kept."),
  }),
  v.title("BusHealth"),
);

const place = {
  "VaBus-Cursor": "Where to go on: the `after` of the next request.",
  "VaBus-Pending": "Records behind it.",
};

const wrongQuery = errorDoc(
  "A parameter is unknown, given twice, or wrong.",
  'Cannot read: limit "0": must be a whole number from 1 to 100000',
);

function read(record: v.GenericSchema, line: string): OperationDoc {
  return {
    tag: "Bus",
    about: `Records from a cursor on, as NDJSON: one \`${String(v.getTitle(record))}\` a line. None is taken away.`,
    query: readerQuery,
    answers: {
      200: {
        about: "Some of them, in their order.",
        type: "application/x-ndjson",
        schema: v.string(),
        example: line,
        headers: place,
      },
      204: { about: "None came within `wait`.", headers: place },
      400: wrongQuery,
      410: {
        about: "What the cursor stands at is no longer kept.",
        schema: gone,
        example: { error: "Cannot read after 3: the oldest is 17", oldest: "17", lost: 14 },
      },
      503: { ...errorDoc("The disk failed for now.", "Cannot read the log"), headers: RETRY_AFTER },
    },
  };
}

function publish(record: v.GenericSchema, example: unknown): OperationDoc {
  return {
    tag: "Bus",
    about:
      "One record, an array of them, or one a line: which it is shows in the body itself. `Content-Encoding: gzip` " +
      "is taken. A record that is wrong is told in `rejected`; the others are stored. Answered when they are on disk.",
    body: {
      types: ["application/json", "application/x-ndjson"],
      about: "The records. None at all is an empty batch.",
      schema: v.union([record, v.array(record)]),
      example,
      isRequired: false,
    },
    answers: {
      202: {
        about: "What is accepted is on disk.",
        schema: published,
        example: { accepted: 1, rejected: [], rejected_count: 0, cursor: "4711" },
      },
      400: errorDoc("The body is no JSON at all.", "Cannot read the body as JSON: …"),
      415: errorDoc(
        "It is packed in another way than gzip.",
        'Cannot read content encoding "br": …',
      ),
      503: {
        ...errorDoc("The bus is full, or its disk.", "The log is full"),
        headers: RETRY_AFTER,
      },
    },
  };
}

const EXAMPLE = { name: "cpu", value: 0.75, timestamp: 1_700_000_040, agg_func: "avg" };
const SAMPLE = { name: "aggregator.events_received", value: 4711, timestamp: 1_700_000_040 };

/** What is said of every route of the bus, from the path where it is mounted. */
export const BUS_OPERATIONS: OperationDocs = {
  "POST /events": publish(busEvent, EXAMPLE),
  "GET /events": read(busEvent, `${JSON.stringify(EXAMPLE)}\n`),
  "GET /event": {
    tag: "Bus",
    about: "Each event goes to one who asks, and is gone then: use `GET events` wherever you can.",
    query: takerQuery,
    answers: {
      200: { about: "The next event.", schema: busEvent, example: EXAMPLE },
      204: { about: "None came within `wait`." },
      400: wrongQuery,
      503: {
        ...errorDoc("The disk failed for now.", "Cannot write the cursor"),
        headers: RETRY_AFTER,
      },
    },
  },
  "POST /metrics": publish(metric, SAMPLE),
  "GET /metrics": read(metric, `${JSON.stringify(SAMPLE)}\n`),
  "GET /health": {
    tag: "Bus",
    answers: {
      200: {
        about: "It works.",
        schema: health,
        example: { status: "ok", bytes: 1024, bytes_max: 1_073_741_824, events: 17 },
      },
    },
  },
};
