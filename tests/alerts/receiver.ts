/** A request that came. */
export interface Received {
  readonly path: string;
  readonly headers: Headers;
  readonly body: unknown;
}

/** An alert in a message of a webhook: what tests look at. */
export interface ToldAlert {
  readonly name: string;
  readonly state: string;
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** How the next request is answered. `hang`: never. */
export type Answer =
  | {
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: BodyInit;
    }
  | "hang";

/** A real HTTP server that takes what notifiers send. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  /** Used up from the front; then 200. */
  readonly answers: Answer[] = [];
  readonly #server: ReturnType<typeof Bun.serve>;
  #told: (() => void)[] = [];

  constructor(port = 0) {
    this.#server = Bun.serve({
      port,
      hostname: "127.0.0.1",
      fetch: (request) => this.#take(request),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  get port(): number {
    return this.#server.port!; // it listens on one
  }

  /** The alerts of all messages, where those are of webhooks. */
  get alerts(): ToldAlert[] {
    return this.received.flatMap(({ body }) => (body as { alerts: ToldAlert[] }).alerts); // their form
  }

  /** Resolves once so many requests have come. */
  async count(wanted: number): Promise<void> {
    while (this.received.length < wanted) {
      await new Promise<void>((resolve) => this.#told.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  async #take(request: Request): Promise<Response> {
    const text = await request.text();
    const { pathname: path } = new URL(request.url);
    this.received.push({ path, headers: request.headers, body: JSON.parse(text) });
    const told = this.#told;
    this.#told = [];
    for (const resolve of told) resolve();
    const answer = this.answers.shift() ?? { status: 200 };
    if (answer === "hang") return await new Promise<Response>(() => {});
    return new Response(answer.body ?? "", {
      status: answer.status,
      headers: answer.headers ?? {},
    });
  }
}
