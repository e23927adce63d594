import { historyStep } from "../../src/core/history.ts";
import { emptyLedger } from "../../src/core/ledger.ts";
import type { ResultRow } from "../../src/core/result.ts";
import type { ServiceControl } from "../../src/pipeline/control.ts";
import { RecentResults } from "../../src/pipeline/recent-results.ts";
import type {
  AlertReport,
  DeadLetterPage,
  DeadLetterView,
  HistoryPage,
  HistoryPointView,
  HistoryRequest,
  LedgerReport,
  PipelineStatus,
  PipelineView,
  PipelineVitals,
  RuleStatus,
  SinkStatus,
  WindowStatus,
} from "../../src/pipeline/view.ts";

/** The wall clock of the stage at its first second. */
export const STAGE_START = 1_700_000_000;

/** Names as an enemy would choose them: markup, quotes, other directions, nothing to see, no end. */
export const HOSTILE_NAMES = [
  "<img src=x onerror=\"globalThis.broken='img'\">",
  "<script>globalThis.broken='script'</script>",
  `"quoted" 'and' \`more\` \\ & </title>`,
  "עברית <b>עם</b> تجربة",
  "gnp.\u202eexe.\u2066evil",
  "\u200b\u200b\u200b",
  "__proto__",
  "constructor",
  "javascript:globalThis.broken='url'",
  "a".repeat(500),
  "名前 🏳️‍🌈 {{broken}} ${broken}",
] as const;

export interface StageOptions {
  /** Series beside the hostile ones. */
  readonly seriesCount?: number;
  /** Windows of each that have fired when the stage opens. */
  readonly windowsBefore?: number;
  /** Whether names are hostile. */
  readonly isHostile?: boolean;
  /** Nothing has come yet. */
  readonly isEmpty?: boolean;
  /** At the first second, in Unix seconds. */
  readonly start?: number;
}

const WINDOW = 10;

/** A pipeline that plays itself, a second a step: what a dashboard sees, without what makes it so. */
export class StagedPipeline implements PipelineView {
  readonly recent = new RecentResults();
  readonly done: string[] = [];
  readonly letters: DeadLetterView[] = [];
  /** Every second, or by hand. */
  second = 0;
  /** What `/alerts` says. */
  report: AlertReport = {
    alerts: [],
    resolved: [],
    silences: [],
    rules: [],
    notifiers: [],
  };
  state: PipelineStatus["state"] = "running";
  /** What was asked of the sink. */
  readonly historyAsked: HistoryRequest[] = [];
  /** Why the sink cannot be read; undefined: it can. */
  historyProblem: Error | undefined;
  /** Why the second sink is away; undefined: it is not. */
  sinkProblem: string | undefined = "connect ECONNREFUSED 10.0.0.7:5432, next try in 4 s";
  readonly names: readonly string[];
  readonly #options: Required<StageOptions>;
  readonly #ledger = emptyLedger();
  #outbox = 0;
  #fired = 0;

  constructor(options: StageOptions = {}) {
    this.#options = {
      seriesCount: 40,
      windowsBefore: 60,
      isHostile: false,
      isEmpty: false,
      start: STAGE_START,
      ...options,
    };
    const { seriesCount, isHostile, isEmpty, windowsBefore } = this.#options;
    this.names = [
      ...(isHostile ? HOSTILE_NAMES : []),
      ...Array.from({ length: seriesCount }, (_, i) => nameOf(i)),
    ];
    if (isEmpty) return;
    for (let back = windowsBefore; back > 0; back--) this.#fire(-back * WINDOW);
    for (let i = 0; i < 24; i++) this.#refuse(i);
    this.#ledger.received += 24;
    this.#ledger.late += 11;
    this.#ledger.invalid += 13;
  }

  readonly control: ServiceControl = {
    pause: async () => {
      this.done.push("pause");
      this.state = "paused";
    },
    resume: async () => {
      this.done.push("resume");
      this.state = "running";
    },
    checkpoint: async () => void this.done.push("checkpoint"),
    backup: async () => {
      this.done.push("backup");
      throw new Error("Cannot write to /backups: <b>no space</b> left");
    },
    reload: async () => void this.done.push("reload"),
    silenceAlerts: async ({ name, labels = {}, seconds, comment = "" }) => {
      this.done.push(`silence ${name} ${JSON.stringify(labels)} ${seconds} ${comment}`.trim());
      const silence = {
        id: "1f00a2c3",
        name,
        labels,
        since: this.now,
        until: this.now + seconds,
        comment,
      };
      const alerts = this.report.alerts.map((alert) => {
        return alert.name === name
          ? { ...alert, silenced: true, silenced_until: silence.until }
          : alert;
      });
      this.report = { ...this.report, alerts, silences: [silence] };
      return silence;
    },
    testNotifier: async (name) => void this.done.push(`test ${name}`),
    unsilenceAlerts: async ({ id }) => {
      this.done.push(`unsilence ${id}`);
      const alerts = this.report.alerts.map((alert) => ({ ...alert, silenced: false }));
      this.report = { ...this.report, alerts, silences: [] };
      return 1;
    },
  };

  get now(): number {
    return this.#options.start + this.second;
  }

  /** A second passes. */
  step(): void {
    this.second++;
    if (this.#options.isEmpty || this.state === "paused") return;
    this.#ledger.received += 1_840 + Math.round(300 * Math.sin(this.second / 7));
    if (this.second % 5 === 0) this.#ledger.duplicate++;
    if (this.second % 11 === 0) this.#ledger.filtered += 3;
    if (this.second % WINDOW === 5) this.#fire(this.second - 5);
    this.#settle();
  }

  health(): { status: "ok" } {
    return { status: "ok" };
  }

  readiness(): { ready: true } {
    return { ready: true };
  }

  status(): PipelineStatus {
    const { isEmpty } = this.#options;
    return {
      name: this.#options.isHostile ? '<b>plant</b> "7"' : "plant-7",
      version: "0.1.0",
      uptime_seconds: 8_040 + this.second,
      state: this.state,
      now: this.now,
      source: {
        kind: "kafka",
        description: "orders at kafka-1:9092, kafka-2:9092",
        connected: true,
        pending: isEmpty ? null : 120,
        cursor: isEmpty ? null : `orders/0@${41_870 + this.second}`,
        last_event_age_seconds: isEmpty ? null : 0.2,
        errors: 0,
      },
      watermark: isEmpty ? null : this.now - 5.1,
      watermark_lag_seconds: isEmpty ? null : 5.1,
      rules: this.#rules(),
      sinks: this.#sinks(),
      ledger: this.ledger(),
      alerts: this.report.alerts,
      dead_letters: this.letters.length,
      results: { added: this.recent.added, series: this.recent.seriesCount },
      checkpoint_age_seconds: this.second % 5,
    };
  }

  vitals(): PipelineVitals {
    return this.status();
  }

  alerts(): AlertReport {
    return this.report;
  }

  ledger(): LedgerReport {
    this.#settle();
    const whole = { ...this.#ledger, balanced: true };
    return { ...whole, rules: { per_ten_seconds: whole, latency: whole, per_day: whole } };
  }

  windows(): { windows: WindowStatus[]; next: null } {
    return { windows: this.windowsNow(), next: null };
  }

  windowsNow(): WindowStatus[] {
    if (this.#options.isEmpty) return [];
    const watermark = this.now - 5.1;
    const make = (rule: string, size: number, every: number, shown: number): WindowStatus[] => {
      const last = Math.floor(this.now / every) * every;
      return Array.from({ length: shown }, (_, i) => {
        const start = last - (shown - 1 - i) * every;
        const passed = Math.min(Math.max((this.now - start) / size, 0), 1);
        return {
          rule,
          window_start: start,
          window_end: start + size,
          series: this.names.length,
          count: Math.round(passed * size * 1_840),
          fired: start + size <= watermark,
        };
      });
    };
    return [
      ...make("per_ten_seconds", 10, 10, 5),
      ...make("latency", 60, 15, 6),
      ...make("per_day", 86_400, 86_400, 1),
    ];
  }

  deadLetters(page: Parameters<PipelineView["deadLetters"]>[0]): DeadLetterPage {
    const { limit, reason, order = "oldest", after } = page;
    const all = this.letters.filter((letter) => reason === undefined || letter.reason === reason);
    const sorted = order === "newest" ? all.toReversed() : all;
    const from = after === undefined ? 0 : sorted.findIndex(({ seq }) => String(seq) === after) + 1;
    const shown = sorted.slice(from, from + limit);
    const next = from + limit < sorted.length ? String(shown.at(-1)!.seq) : null;
    return { dead_letters: shown, next };
  }

  results(query: Parameters<PipelineView["results"]>[0]): ReturnType<PipelineView["results"]> {
    return this.recent.results(query);
  }

  series(query: Parameters<PipelineView["series"]>[0]): ReturnType<PipelineView["series"]> {
    return this.recent.series(query);
  }

  /** What the sink would have of the last month. */
  async history(request: HistoryRequest): Promise<HistoryPage> {
    const { from = -Infinity, to = Infinity, name, pointsMax } = request;
    this.historyAsked.push(request);
    if (this.historyProblem !== undefined) throw this.historyProblem;
    const i = this.names.indexOf(name);
    const first = Math.max(from, this.now - 30 * 86_400);
    const last = Math.min(to, Math.floor(this.now / WINDOW) * WINDOW - WINDOW);
    const step = Math.max(historyStep(Math.max(last - first, 0), pointsMax), WINDOW);
    const together = step / WINDOW;
    const points: HistoryPointView[] = [];
    for (let start = Math.ceil(first / step) * step; start < last; start += step) {
      const value = rowOf(name, i, start).value!;
      const spread = together === 1 ? 0 : 12;
      points.push({
        window_start: start,
        window_end: start + step,
        min: value - spread,
        max: value + spread,
        avg: value,
        windows: together,
      });
    }
    const step_seconds = together === 1 ? null : step;
    return { sink: "warehouse", step_seconds, whole_from: first, points };
  }

  rowsSince(after: number, limit: number): ReturnType<PipelineView["rowsSince"]> {
    return this.recent.since(after, limit);
  }

  async prometheus(): Promise<string> {
    return "";
  }

  #settle(): void {
    const { received, filtered, duplicate, late, future, invalid, over_limit } = this.#ledger;
    this.#ledger.aggregated =
      received - filtered - duplicate - late - future - invalid - over_limit;
  }

  #rules(): RuleStatus[] {
    const { isEmpty } = this.#options;
    const one = (name: string, window: string, to: string[]): RuleStatus => ({
      name,
      window,
      to,
      series: isEmpty ? 0 : this.names.length,
      windows_open: isEmpty
        ? 0
        : this.windowsNow().filter((w) => w.rule === name && !w.fired).length,
      fired: this.#fired,
      revisions: 2,
    });
    return [
      one("per_ten_seconds", 'tumbling("10s")', ["warehouse", "stream"]),
      one("latency", 'hopping("1m", { every: "15s" })', ["warehouse"]),
      one("per_day", 'calendar("day", { zone: "Europe/Berlin" })', ["local"]),
    ];
  }

  #sinks(): SinkStatus[] {
    const rest = {
      connected: true,
      breaker: "closed",
      outbox: 0,
      outbox_bytes: 0,
      outbox_bytes_max: 1_073_741_824,
      outbox_age_seconds: 0,
      errors: 0,
    } as const;
    const written = this.#fired * this.names.length;
    const { sinkProblem: problem } = this;
    const stream =
      problem === undefined
        ? rest
        : {
            ...rest,
            connected: false,
            breaker: "open" as const,
            outbox: this.#outbox,
            errors: 17,
            last_error: "connect ECONNREFUSED 10.0.0.7:5432",
            problem,
          };
    return [
      {
        name: "warehouse",
        kind: "postgres",
        description: "db.plant/metrics table aggregates",
        ...rest,
        outbox: 12,
        written,
      },
      {
        name: "stream",
        kind: "kafka",
        description: "topic aggregates at kafka-1:9092",
        ...stream,
        written,
      },
      {
        name: "local",
        kind: "sqlite",
        description: "aggregates.sqlite table aggregates",
        ...rest,
        written: 812,
      },
    ];
  }

  #fire(at: number): void {
    const start = this.#options.start + at - WINDOW;
    this.#fired++;
    const rows = this.names.map((name, i) => rowOf(name, i, start));
    this.recent.add(rows);
    if (this.sinkProblem !== undefined) this.#outbox += Math.min(rows.length, 40);
  }

  #refuse(i: number): void {
    const isLate = i % 2 === 0;
    this.letters.push({
      seq: i + 1,
      reason: isLate ? "late" : "invalid_value",
      detail: isLate
        ? `late by ${30 + i}.5 s: its window ended at 1699999970, the watermark is at 1699999995.5`
        : `value "<i>twelve</i>" must be a finite number`,
      event: isLate
        ? `{"name":"pump.${i % 7}.pressure","value":4.2,"timestamp":${1_699_999_960 + i}}`
        : `{"name":${JSON.stringify(HOSTILE_NAMES[i % HOSTILE_NAMES.length])},"value":"<i>twelve</i>"}`,
      at: `orders/0@${41_000 + i * 17}`,
      received_at: this.#options.start - 400 + i * 13,
    });
  }
}

const THINGS = [
  "cpu.busy",
  "memory.used",
  "pump.pressure",
  "boiler.temperature",
  "http.checkout",
  "queue.depth",
];

function nameOf(i: number): string {
  return `${THINGS[i % THINGS.length]}.${Math.floor(i / THINGS.length)}`;
}

function rowOf(name: string, i: number, start: number): ResultRow {
  const wave = Math.sin(start / (90 + (i % 7) * 24) + i) + 0.35 * Math.sin(start / 37 + i * 2);
  const noise = ((start * 2_654_435_761 + i * 40_503) % 997) / 997;
  return {
    id: "",
    pipeline: "plant-7",
    rule: "per_ten_seconds",
    name,
    labels: i % 5 === 4 ? { host: `edge-${i % 3}` } : {},
    agg_func: ["avg", "max", "sum"][i % 3]!,
    window_start: start,
    window_end: start + WINDOW,
    value: Math.round((60 + 24 * wave + 9 * noise) * 1000) / 1000,
    count: 120 + (i % 40),
    revision: i % 19 === 0 ? 1 : 0,
  };
}
