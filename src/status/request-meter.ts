import type { MiddlewareHandler } from "hono";
import { Buckets } from "../core/buckets.ts";
import type { RouteTable } from "./route-table.ts";

/** Requests that ended alike. */
export interface RequestCount {
  readonly method: string;
  /** The pattern of the route, as the program has it; `other` where there is none. */
  readonly route: string;
  /** The class of the status: `2xx`. */
  readonly status: string;
  count: number;
}

/** Others are counted as `other`: a client may call its method whatever it likes. */
const METHODS: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

/**
 * Counts requests and how long they take, by what the program itself knows: whatever paths clients ask for,
 * there are no more counters than routes. Outlives the application that it is part of.
 */
export class RequestMeter {
  readonly #bounds: readonly number[];
  readonly #nowMs: () => number;
  readonly #counts = new Map<string, RequestCount>();
  readonly #durations = new Map<string, Buckets>();
  /** Turned away without a right token. */
  unauthenticated = 0;
  /** Turned away although known: another role is needed, or the request came from a foreign page. */
  forbidden = 0;

  /** @param options.bounds Of the durations, in seconds. @param options.nowMs The monotonic clock. */
  constructor(options: { readonly bounds: readonly number[]; readonly nowMs: () => number }) {
    this.#bounds = options.bounds;
    this.#nowMs = options.nowMs;
  }

  get counts(): Iterable<Readonly<RequestCount>> {
    return this.#counts.values();
  }

  /** By route, in seconds until the answer began. */
  get durations(): ReadonlyMap<string, Buckets> {
    return this.#durations;
  }

  /** Belongs in front of everything else. @param table The routes that there are. */
  middleware(table: RouteTable): MiddlewareHandler {
    return async (c, next) => {
      const startMs = this.#nowMs();
      await next();
      const seconds = (this.#nowMs() - startMs) / 1000;
      const { method } = c.req.raw;
      const known = table.find(method, c.req.path) ?? table.at(c.req.path)[0];
      this.#add(method, { route: known?.path ?? "other", status: c.res.status, seconds });
    };
  }

  #add(
    sent: string,
    { route, status, seconds }: { route: string; status: number; seconds: number },
  ): void {
    if (status === 401) this.unauthenticated++;
    if (status === 403) this.forbidden++;
    const method = METHODS.has(sent) ? sent : "other";
    const of = `${Math.floor(status / 100)}xx`;
    const key = `${method} ${of} ${route}`;
    const counted = this.#counts.get(key);
    if (counted === undefined) this.#counts.set(key, { method, route, status: of, count: 1 });
    else counted.count++;
    let durations = this.#durations.get(route);
    if (durations === undefined) {
      durations = new Buckets(this.#bounds);
      this.#durations.set(route, durations);
    }
    durations.observe(seconds);
  }
}
