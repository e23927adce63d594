import { FatalError, TransientError } from "../core/errors.ts";
import type { KafkaCluster } from "./cluster.ts";
import { RecordSet } from "./record-set.ts";

/** How many offsets are looked at first, and by how much more each time. */
const FIRST_OFFSETS = 256;
const GROWTH = 8;

/** One answer of the broker. */
const FETCH_BYTES_MAX = 4 * 1024 * 1024;

/** How long the broker may wait for the end of a transaction before it is asked again. */
const FETCH_WAIT_MS = 250;

/** Codes of the protocol. */
const TOPIC_AUTHORIZATION_FAILED = 29;

export interface LatestQuery<Found> {
  readonly topic: string;
  /** What is looked for, out of a record's value; undefined: another record. */
  readonly pick: (value: Buffer) => Found | undefined;
  /**
   * Transactions that are still open hide what stands behind them: wait for their end, or take what can
   * be read by now.
   */
  readonly open: "wait" | "pass";
  readonly signal: AbortSignal;
}

/**
 * The newest committed record of partition 0 that `pick` takes; undefined when there is none. Read from the
 * end and back, since what is wanted is near it: a log that was not compacted for long costs no more.
 *
 * @throws {TransientError} The broker refuses for now, or `signal` aborts.
 */
export async function latestRecord<Found>(
  cluster: KafkaCluster,
  query: LatestQuery<Found>,
): Promise<Found | undefined> {
  const place = { topic: query.topic, partition: 0 };
  const [first] = await cluster.offsetsAt("earliest", [place]);
  const [last] = await cluster.offsetsAt("latest", [place]);
  const start = first?.offset ?? 0;
  let to = last?.offset ?? 0;
  for (let span = FIRST_OFFSETS; to > start; span *= GROWTH) {
    const from = Math.max(start, to - span);
    const found = await latestBetween(cluster, query, { from, to });
    if (found !== undefined) return found;
    to = from;
  }
  return undefined;
}

async function latestBetween<Found>(
  cluster: KafkaCluster,
  { topic, pick, open, signal }: LatestQuery<Found>,
  { from, to }: { from: number; to: number },
): Promise<Found | undefined> {
  let latest: Found | undefined;
  const taker = {
    isFull: false,
    take(offset: number, bytes: Uint8Array, valueFrom: number, valueTo: number): void {
      if (offset >= to || valueFrom < 0) return;
      latest = pick(Buffer.from(bytes.subarray(valueFrom, valueTo))) ?? latest;
    },
  };
  const waitMsMax = open === "wait" ? FETCH_WAIT_MS : 0;
  for (let at = from; at < to; ) {
    const set = await fetchFrom(cluster, { topic, at, waitMsMax, isolation: "committed" });
    if (signal.aborted) throw new TransientError(`Cannot read topic "${topic}": it was stopped`);
    if (set.end > at) {
      set.take(taker);
      at = set.end;
    } else if (open === "pass" || (await isEnd(cluster, { topic, at }))) return latest;
  }
  return latest;
}

/** Whether nothing follows at all: what stood there was compacted away. */
async function isEnd(
  cluster: KafkaCluster,
  place: { topic: string; at: number },
): Promise<boolean> {
  const set = await fetchFrom(cluster, { ...place, waitMsMax: 0, isolation: "uncommitted" });
  return set.end <= place.at;
}

async function fetchFrom(
  cluster: KafkaCluster,
  {
    topic,
    at,
    waitMsMax,
    isolation,
  }: { topic: string; at: number; waitMsMax: number; isolation: "committed" | "uncommitted" },
): Promise<RecordSet> {
  const leader = cluster.leadersOf(topic).get(0);
  if (leader === undefined)
    throw new TransientError(`Cannot read topic "${topic}": it has no leader`);
  const [answer] = await cluster.fetch(leader, {
    positions: [{ topic, partition: 0, offset: at }],
    waitMsMax,
    bytesMax: FETCH_BYTES_MAX,
    partitionBytesMax: FETCH_BYTES_MAX,
    isolation,
  });
  if (answer?.errorCode === TOPIC_AUTHORIZATION_FAILED) {
    throw new FatalError(
      `Cannot read topic "${topic}": grant the user what it needs (docs/sinks.md)`,
    );
  }
  if (answer === undefined || answer.errorCode !== 0) {
    const why = answer === undefined ? "no answer" : `error ${answer.errorCode} of Kafka`;
    throw new TransientError(`Cannot read topic "${topic}": ${why}`);
  }
  return new RecordSet(answer.records, { from: at, aborted: answer.aborted });
}
