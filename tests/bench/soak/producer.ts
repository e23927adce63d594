/** Publishes events as of now, as many a second as it is told. */
export class Producer {
  /** Events that were answered with an acceptance. */
  accepted = 0;
  /** Requests that were asked to come again later. */
  refused = 0;
  readonly #url: string;
  readonly #bodies: readonly (readonly string[])[];

  constructor(url: string, { series }: { readonly series: number }) {
    this.#url = url;
    this.#bodies = Array.from({ length: BODIES }, (_, body) => templateOf(body, series));
  }

  /** Sends so many events a second for so long, then waits for every answer. */
  async send(rate: number, ms: number): Promise<void> {
    const start = performance.now();
    let begun = 0;
    let inFlight = 0;
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {}); // it is awaited below
    const post = async (): Promise<void> => {
      inFlight++;
      await this.#post().catch(failed.reject);
      inFlight--;
    };
    for (let elapsed = 0; elapsed < ms; elapsed = performance.now() - start) {
      while (begun < (rate * elapsed) / 1000 && inFlight < IN_FLIGHT_MAX) {
        begun += EVENTS_PER_REQUEST;
        void post();
      }
      await Promise.race([Bun.sleep(PACE_MS), failed.promise]);
    }
    while (inFlight > 0) await Promise.race([Bun.sleep(PACE_MS), failed.promise]);
  }

  /** Sends as fast as answers come for so long. */
  async sendAll(ms: number): Promise<void> {
    const start = performance.now();
    const loop = async (): Promise<void> => {
      while (performance.now() - start < ms) await this.#post();
    };
    await Promise.all(Array.from({ length: IN_FLIGHT_MAX }, loop));
  }

  async #post(): Promise<void> {
    const parts = this.#bodies[Math.floor(Math.random() * BODIES)]!; // one of them
    const seconds = Date.now() / 1000 - Math.random() * DISORDER_SECONDS;
    const body = parts.join(seconds.toFixed(3));
    for (;;) {
      const answer = await fetch(this.#url, { method: "POST", body });
      await answer.arrayBuffer();
      if (answer.ok) break;
      if (answer.status !== 503) throw new Error(`An answer of ${answer.status}`);
      this.refused++;
      await Bun.sleep(RETRY_MS);
    }
    this.accepted += EVENTS_PER_REQUEST;
  }
}

const EVENTS_PER_REQUEST = 1_000;
/** So many that the sync of the disk is shared, as it is by many producers. */
const IN_FLIGHT_MAX = 32;
const BODIES = 32;
const DISORDER_SECONDS = 2;
const PACE_MS = 2;
const RETRY_MS = 200;

/** A body in pieces: the time of sending goes between them. */
function templateOf(body: number, series: number): string[] {
  const pieces = Array.from({ length: EVENTS_PER_REQUEST + 1 }, (_, i) => {
    const end = i === 0 ? "" : `,"agg_func":"sum"}\n`;
    const name = `soak.sensor_${(body * EVENTS_PER_REQUEST + i * 7) % series}`;
    const begin = i === EVENTS_PER_REQUEST ? "" : `{"name":"${name}","value":1,"timestamp":`;
    return end + begin;
  });
  return pieces;
}
