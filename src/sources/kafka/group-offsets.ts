import { randomUUID } from "node:crypto";
import { FatalError, messageOf } from "../../core/errors.ts";
import type { SourceContext } from "../../core/source.ts";
import type { KafkaCluster, TopicOffset } from "../../kafka/cluster.ts";

/** Who watches the lag looks every few seconds. */
const COMMIT_EVERY_MS = 1_000;

/** On closing there is less time: so often again after a failure, and so long in between. */
const CLOSING_RETRIES_MAX = 3;
const CLOSING_PAUSE_MS = 200;

/** What goes with the offsets that this process commits, so that another owner of them is noticed. */
const OWNER = randomUUID();

/**
 * So often in a row a process must find the commits of another one before it gives up: a process that was
 * just replaced may still commit once.
 */
const FOREIGN_MAX = 2;

/**
 * Commits offsets to the group, at most once a second and behind the reader's back: nobody reads on from
 * them, so that a failure is worth a warning and no more. Two processes that read the same partitions for
 * the same group find each other here; the one that finds out first stops.
 */
export class GroupOffsets {
  readonly #cluster: KafkaCluster;
  readonly #group: string;
  readonly #context: Pick<SourceContext, "clock" | "logger">;
  readonly #closing = new AbortController();
  #latest: readonly TopicOffset[] | undefined;
  #work: Promise<void> | undefined;
  #isClaimed = false;
  #foreign = 0;
  #isFailing = false;
  #closingRetries = 0;
  #failure: FatalError | undefined;

  constructor(
    cluster: KafkaCluster,
    group: string,
    context: Pick<SourceContext, "clock" | "logger">,
  ) {
    this.#cluster = cluster;
    this.#group = group;
    this.#context = context;
  }

  /** @throws {FatalError} Another process reads the same partitions. */
  commit(offsets: readonly TopicOffset[]): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#latest = offsets;
    this.#work ??= this.#run().finally(() => {
      this.#work = undefined;
    });
  }

  /** Commits what is left. Never rejects. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#work;
  }

  async #run(): Promise<void> {
    while (this.#latest !== undefined) {
      const offsets = this.#latest;
      this.#latest = undefined;
      const isDone = await this.#commitOnce(offsets);
      const isClosing = this.#closing.signal.aborted;
      // A broker that is still loading the group refuses the first commits, and a source that has become
      // quiet acknowledges nothing more: what failed is tried again, unless newer offsets have come.
      if (!isDone && (!isClosing || this.#closingRetries++ < CLOSING_RETRIES_MAX)) {
        this.#latest ??= offsets;
      }
      if (!isClosing) await this.#context.clock.sleep(COMMIT_EVERY_MS, this.#closing.signal);
      else if (this.#latest !== undefined) await this.#context.clock.sleep(CLOSING_PAUSE_MS);
    }
  }

  /** Whether there is nothing left to do for these. */
  async #commitOnce(offsets: readonly TopicOffset[]): Promise<boolean> {
    try {
      if (this.#isClaimed) await this.#lookForOthers(offsets);
      if (this.#failure !== undefined) return true;
      const noted = offsets.map((offset) => ({ ...offset, note: OWNER }));
      await this.#cluster.commit(this.#group, noted);
      this.#isClaimed = true;
      this.#isFailing = false;
      return true;
    } catch (thrown) {
      if (this.#isFailing || this.#closing.signal.aborted) return false;
      this.#isFailing = true;
      this.#context.logger.warn(
        "Offsets could not be committed to the group: its lag looks larger than it is.",
        { group: this.#group, error: messageOf(thrown) },
      );
      return false;
    }
  }

  async #lookForOthers(offsets: readonly TopicOffset[]): Promise<void> {
    const committed = await this.#cluster.committed(this.#group, offsets);
    const other = committed.find(({ note }) => note !== "" && note !== OWNER);
    this.#foreign = other === undefined ? 0 : this.#foreign + 1;
    if (other === undefined || this.#foreign < FOREIGN_MAX) return;
    this.#failure = new FatalError(
      `Cannot read topic "${other.topic}", partition ${other.partition}: another process reads it for the ` +
        `group "${this.#group}" too; stop one of the two, or give each its own share or group`,
    );
  }
}
