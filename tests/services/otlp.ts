import { answers, describeWith, type Service, startFetched } from "./service.ts";

/** A number or a histogram, as the library writes it. */
export interface OtlpPoint {
  readonly attributes?: readonly {
    readonly key: string;
    readonly value: { stringValue?: string };
  }[];
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano: string;
  readonly asDouble?: number;
  readonly count?: string;
  readonly sum?: number;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly number[];
}

interface Points {
  readonly dataPoints: readonly OtlpPoint[];
}

export interface OtlpMetric {
  readonly name: string;
  readonly unit?: string;
  readonly gauge?: Points;
  readonly sum?: Points & {
    readonly aggregationTemporality: string;
    readonly isMonotonic: boolean;
  };
  readonly histogram?: Points & { readonly aggregationTemporality: string };
}

/** One push. */
export interface OtlpReceived {
  readonly authorization: string | null;
  readonly request: {
    readonly resourceMetrics: readonly {
      readonly resource: { readonly attributes: OtlpPoint["attributes"] };
      readonly scopeMetrics: readonly { readonly metrics: readonly OtlpMetric[] }[];
    }[];
  };
}

/** A collector that reads what it gets by the messages of OpenTelemetry itself. */
export interface OtlpCollector extends Service {
  readonly url: string;
  /** What came so far. */
  received(): Promise<OtlpReceived[]>;
}

let running: Promise<OtlpCollector> | undefined;

/**
 * The collector of this test run: started by the first who asks.
 *
 * @throws {UnavailableError} If Python or the messages cannot be had.
 */
export function useOtlp(): Promise<OtlpCollector> {
  running ??= start();
  return running;
}

/** `describe` for tests that need a collector; to be awaited. */
export function describeWithOtlp(
  name: string,
  define: (collector: OtlpCollector) => void,
): Promise<void> {
  return describeWith(name, useOtlp, define);
}

async function start(): Promise<OtlpCollector> {
  const service = await startFetched("otlp", {
    needs: "OTLP needs Python 3 with venv and opentelemetry-proto",
    isUp: answers,
  });
  const url = `http://127.0.0.1:${service.port}`;
  return {
    ...service,
    url,
    async received() {
      return (await (await fetch(`${url}/received`)).json()) as OtlpReceived[]; // as otlp.py says
    },
  };
}
