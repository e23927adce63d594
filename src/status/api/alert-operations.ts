import { errorDoc } from "../../http/answers.ts";
import type { OperationDocs } from "../../http/operation.ts";
import { silenceOrder, testOrder, unsilenceBody, unsilenceQuery } from "../alert-order.ts";
import { alertsAnswer, silenceAnswer, testAnswer, unsilenceAnswer } from "./alert-answers.ts";

const alert = {
  name: "hot_pump",
  state: "firing",
  severity: "critical",
  since: 1_700_000_100,
  clock: "event",
  value: 91.25,
  labels: { rule: "per_minute", name: "pump.temp", function: "max", host: "edge-1" },
  summary: "pump.temp on edge-1 is 91.25",
  silenced: false,
};

const silence = {
  id: "1f00a2c3",
  name: "sink_down",
  labels: { sink: "warehouse" },
  since: 1_700_000_000,
  until: 1_700_007_200,
  comment: "upgrade of the database",
};

const alertsExample = {
  alerts: [alert],
  resolved: [
    {
      name: "sink_down",
      state: "resolved",
      severity: "critical",
      clock: "processing",
      value: 1,
      labels: { sink: "warehouse" },
      summary: "Sink warehouse cannot be reached",
      since: 1_699_990_000,
      resolved_at: 1_699_990_300,
    },
  ],
  silences: [silence],
  rules: [
    {
      name: "hot_pump",
      when: "max of pump.* in per_minute above 90 until 80",
      for_seconds: 300,
      severity: "critical",
      notify: ["ops"],
      built_in: false,
      pending: 0,
      firing: 1,
      left_out: 0,
    },
  ],
  notifiers: [{ name: "ops", kind: "slack", sent: 12, errors: 0, dropped: 0, waiting: 0 }],
};

const wrong = errorDoc(
  "What is asked for is wrong.",
  'for "2 hours": must be a duration such as "2h", from "1s" to "30d"',
);

const cannot = errorDoc(
  "It cannot be done: there is no such alert, say.",
  'Cannot silence "sink_dwn": no alert has this name, did you mean "sink_down"?',
);

const ended = { about: "They ended.", schema: unsilenceAnswer, example: { removed: 1 } };

/** What is said of the routes of alerts. */
export const ALERT_OPERATIONS: OperationDocs = {
  "GET /alerts": {
    tag: "Alerts",
    answers: { 200: { about: "All of it.", schema: alertsAnswer, example: alertsExample } },
  },
  "POST /alerts/silence": {
    tag: "Alerts",
    about: "The alerts go on: they are shown, and nobody is told. It outlives a restart.",
    body: {
      types: ["application/json"],
      about: "Which ones, and for how long.",
      schema: silenceOrder,
      example: { name: "sink_down", labels: { sink: "warehouse" }, for: "2h", comment: "upgrade" },
      isRequired: true,
    },
    answers: {
      200: { about: "It is in force.", schema: silenceAnswer, example: silence },
      400: wrong,
      409: cannot,
    },
  },
  "POST /alerts/unsilence": {
    tag: "Alerts",
    about: "What still fires is told now. One of `id` and `name` has to be said.",
    body: {
      types: ["application/json"],
      about: "Which silences.",
      schema: unsilenceBody,
      example: { id: "1f00a2c3" },
      isRequired: true,
    },
    answers: { 200: ended, 400: wrong, 409: cannot },
  },
  "POST /alerts/test": {
    tag: "Alerts",
    about: "In one try. Nothing is out of order for it, and nothing is kept.",
    body: {
      types: ["application/json"],
      about: "Which notifier.",
      schema: testOrder,
      example: { notifier: "ops" },
      isRequired: true,
    },
    answers: {
      200: { about: "It has it.", schema: testAnswer, example: { told: "ops" } },
      400: wrong,
      409: { ...cannot, about: "There is no such notifier, or it did not take it." },
    },
  },
  "DELETE /alerts/silence": {
    tag: "Alerts",
    about: "As `POST /alerts/unsilence`, with `id` or `name` in the query.",
    query: unsilenceQuery,
    answers: { 200: ended, 400: wrong, 409: cannot },
  },
};
