/** Answers as they look: each is checked against its schema by a test. */

const counts = {
  received: 10,
  aggregated: 7,
  filtered: 0,
  duplicate: 0,
  late: 1,
  future: 0,
  invalid: 2,
  over_limit: 0,
  late_partial: 0,
  replayed: 0,
  gaps: 0,
  tombstones: 0,
  balanced: true,
};

export const health = {
  status: "degraded",
  reasons: ["sink warehouse: connection refused, next try in 4 s"],
};

export const notReady = { ready: false, reasons: ["source: not open yet"] };

export const ledger = { ...counts, rules: { per_minute: counts } };

export const status = {
  name: "plant-7",
  version: "0.1.0",
  uptime_seconds: 12,
  state: "running",
  now: 1_700_000_105.6,
  source: {
    kind: "vabus",
    description: "http://bus:8000/",
    connected: true,
    pending: 0,
    cursor: "4711",
    last_event_age_seconds: 0.4,
    errors: 0,
  },
  watermark: 1_700_000_100.5,
  watermark_lag_seconds: 5.1,
  rules: [
    {
      name: "per_minute",
      series: 1000,
      windows_open: 2,
      fired: 31,
      revisions: 0,
      window: 'tumbling("60s")',
      to: ["warehouse"],
    },
  ],
  sinks: [
    {
      name: "warehouse",
      kind: "postgres",
      description: "postgres://db:5432/plant table aggregates",
      connected: true,
      breaker: "closed",
      outbox: 0,
      outbox_bytes: 0,
      outbox_bytes_max: 1_073_741_824,
      outbox_age_seconds: 0,
      written: 4711,
      errors: 0,
    },
  ],
  ledger,
  alerts: [],
  dead_letters: 3,
  results: { added: 4711, series: 1000 },
  actions: ["pause", "checkpoint"],
  access: { mode: "token", wrong_tokens: 3, sessions: 1 },
  checkpoint_age_seconds: 0.8,
};

export const windows = {
  windows: [
    {
      rule: "per_minute",
      window_start: 1_700_000_040,
      window_end: 1_700_000_100,
      series: 12,
      count: 99,
      fired: false,
    },
  ],
  next: null,
};

export const deadLetters = {
  dead_letters: [
    {
      seq: 1,
      reason: "invalid_value",
      detail: "value is a string, not a finite number",
      event: '{"name":"cpu","value":"4"}',
      at: "line 7",
      received_at: 1_700_000_101.2,
    },
  ],
  next: null,
};

export const results = {
  rows: [
    {
      rule: "per_minute",
      name: "cpu",
      labels: { host: "edge-1" },
      agg_func: "avg",
      window_start: 1_700_000_040,
      window_end: 1_700_000_100,
      value: 0.75,
      count: 99,
      revision: 0,
    },
  ],
  added: 4711,
};

export const history = {
  sink: "warehouse",
  step_seconds: 3600,
  whole_from: 1_699_000_000,
  points: [
    {
      window_start: 1_699_999_200,
      window_end: 1_700_002_800,
      min: 0.1,
      max: 0.93,
      avg: 0.41,
      windows: 60,
    },
  ],
};

export const series = {
  total: 1000,
  matched: 1,
  series: [{ rule: "per_minute", name: "cpu", labels: { host: "edge-1" }, agg_func: "avg" }],
};

export const replayed = {
  replayed: 17,
  refused_again: 1,
  left: [{ reason: "late", count: 3, why: "Their windows are closed for good" }],
};

export const configErrors = {
  error: 'rules.latency.window: "5 minuts": unit must be one of ms, s, m, h or d',
  errors: [
    {
      path: "rules.latency.window",
      message: '"5 minuts": unit must be one of ms, s, m, h or d',
    },
  ],
};

export const signedIn = {
  name: "shift lead",
  role: "operator",
  via: "session",
  expires_at: 1_700_043_200,
  csrf_token: "8VXbz0",
};
