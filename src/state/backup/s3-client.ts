import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import { FatalError, messageOf, TransientError } from "../../core/errors.ts";
import type { OutsideCalls } from "../../core/outside-calls.ts";
import type { S3Settings } from "../../core/settings.ts";

/** One try of a request with its answer; a part of a file goes even over a slow line. */
const REQUEST_MS_MAX = 300_000;

/** Answers of the server that another try may change. */
const PASSING = [408, 429, 500, 502, 503, 504];

export interface S3Request {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Within the bucket; empty: the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal | undefined;
}

/** Requests to one bucket, signed, tried again, and with errors that say something. */
export class S3Client {
  readonly #aws: AwsClient;
  readonly #calls: OutsideCalls;
  readonly #base: string;
  readonly #bucket: string;

  /** @throws {FatalError} There are no credentials. */
  constructor(bucket: string, settings: S3Settings, calls: OutsideCalls) {
    const { endpoint, region, accessKeyId, secretAccessKey, sessionToken } = settings;
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      throw new FatalError(
        `Cannot reach the bucket "${bucket}" without credentials: set AWS_ACCESS_KEY_ID and ` +
          "AWS_SECRET_ACCESS_KEY, or backup.s3",
      );
    }
    this.#bucket = bucket;
    this.#calls = calls;
    this.#base =
      endpoint === undefined
        ? // A name with dots fits no certificate as the name of a host.
          bucket.includes(".")
          ? `https://s3.${region}.amazonaws.com/${bucket}`
          : `https://${bucket}.s3.${region}.amazonaws.com`
        : `${endpoint.replace(/\/$/, "")}/${bucket}`;
    this.#aws = new AwsClient({
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service: "s3",
      region,
      // It knows no time limit, and a connection that breaks is no try to it.
      retries: 0,
    });
  }

  /**
   * What `read` makes of the answer; within the time of the call. A 404 is an answer like any other.
   *
   * @throws {TransientError} The server is away or busy. @throws {FatalError} It refuses.
   */
  ask<Result>(request: S3Request, read: (answer: Response) => Promise<Result>): Promise<Result> {
    return this.#calls.call(
      async (signal) => {
        try {
          const answer = await this.#aws.fetch(this.#urlOf(request), initOf(request, signal));
          await this.#check(request, answer);
          return await read(answer);
        } catch (failure) {
          if (failure instanceof FatalError || failure instanceof TransientError) throw failure;
          throw new TransientError(this.#about(request, messageOf(failure)), { cause: failure });
        }
      },
      { action: this.#about(request), ms: REQUEST_MS_MAX, signal: request.signal },
    );
  }

  /** The body of the answer as text. */
  askText(request: S3Request): Promise<string> {
    return this.ask(request, (answer) => answer.text());
  }

  #urlOf({ key, query = {} }: S3Request): string {
    const path = key.split("/").map(encodeURIComponent).join("/");
    // A blank as %20: S3 signs it so, whatever forms do.
    const search = Object.entries(query)
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .join("&");
    return `${this.#base}/${path}${search === "" ? "" : `?${search}`}`;
  }

  async #check(request: S3Request, answer: Response): Promise<void> {
    const { method, key } = request;
    if (answer.ok || (answer.status === 404 && method === "GET" && key !== "")) return;
    const text = await answer.text().catch(() => "");
    const said = `${textOf(text, "Code") ?? ""} ${textOf(text, "Message") ?? ""}`.trim();
    const message = this.#about(request, `status ${answer.status} ${said}`.trim());
    throw PASSING.includes(answer.status) ? new TransientError(message) : new FatalError(message);
  }

  #about({ method, key }: S3Request, detail?: string): string {
    const action = `Cannot ${method} "${key}" in the bucket "${this.#bucket}"`;
    return detail === undefined ? action : `${action}: ${detail}`;
  }
}

/** The text of the first element of this name in an answer of S3, which nests none of those that we read. */
export function textOf(xml: string, element: string): string | undefined {
  return textsOf(xml, element)[0];
}

/** The texts of all elements of this name. */
export function textsOf(xml: string, element: string): string[] {
  const found = xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, "g"));
  return [...found].map((match) =>
    match[1]!
      .replace(/&#(x?)([0-9a-f]+);/gi, (_, hex: string, digits: string) =>
        String.fromCodePoint(Number.parseInt(digits, hex === "" ? 10 : 16)),
      )
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&quot;", '"')
      .replaceAll("&apos;", "'")
      .replaceAll("&amp;", "&"),
  );
}

function initOf({ method, body }: S3Request, signal: AbortSignal): RequestInit {
  return {
    method,
    // The server checks what arrived by it.
    headers: { "x-amz-content-sha256": sha256Of(body ?? "") },
    ...(body === undefined ? {} : { body: ownBytes(body) }),
    signal,
  };
}

function sha256Of(body: Uint8Array | string): string {
  return createHash("sha256").update(body).digest("hex");
}

/** Bytes of ours lie in a buffer that nobody shares; the types of the web ask for this to be said. */
function ownBytes(body: Uint8Array | string): Uint8Array<ArrayBuffer> | string {
  return body as Uint8Array<ArrayBuffer> | string;
}
