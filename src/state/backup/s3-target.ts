import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FatalError, messageOf, TransientError } from "../../core/errors.ts";
import type { OutsideCalls } from "../../core/outside-calls.ts";
import { PRIVATE } from "../../core/private.ts";
import type { S3Settings } from "../../core/settings.ts";
import { MANIFEST_FILE, type Manifest, partsOfName, readManifest } from "./manifest.ts";
import { S3Client, textOf, textsOf } from "./s3-client.ts";
import type { BackupTarget } from "./target.ts";

/** What is in memory of a file on its way; S3 wants 5 MiB at least. */
const PART_BYTES = 16 * 1024 * 1024;

/** A limit of S3. */
const PARTS_MAX = 10_000;

/** How long a download may be silent. */
const SILENCE_MS_MAX = 60_000;

interface Upload {
  readonly key: string;
  readonly path: string;
  readonly size: number;
  readonly signal: AbortSignal | undefined;
}

/** Backups in a bucket: each below a prefix of its own. */
export class S3Target implements BackupTarget {
  readonly place: string;
  readonly #client: S3Client;
  /** Empty, or ended by a slash. */
  readonly #prefix: string;
  readonly #partBytes: number;

  /**
   * @param url `s3://bucket/prefix`.
   * @throws {FatalError} It is none, or there are no credentials.
   */
  constructor(
    url: string,
    settings: S3Settings,
    options: { readonly calls: OutsideCalls; readonly partBytes?: number },
  ) {
    const match = /^s3:\/\/([^/?#]+)\/?([^?#]*)$/.exec(url);
    if (match === null) throw new FatalError(`Cannot use "${url}": must be s3://bucket/prefix`);
    const [, bucket = "", path = ""] = match;
    const prefix = path.replace(/\/+$/, "");
    this.place = url;
    this.#prefix = prefix === "" ? "" : `${prefix}/`;
    this.#client = new S3Client(bucket, settings, options.calls);
    this.#partBytes = options.partBytes ?? PART_BYTES;
  }

  async list(): Promise<readonly string[]> {
    return (await this.#names()).whole;
  }

  async halves(): Promise<readonly string[]> {
    return (await this.#names()).half;
  }

  async #names(): Promise<{ readonly whole: string[]; readonly half: string[] }> {
    const keys = (await this.#keys(this.#prefix)).map((key) => key.slice(this.#prefix.length));
    const names = new Set(keys.map((key) => key.split("/", 1)[0]!));
    const known = new Set(keys);
    const found = { whole: [] as string[], half: [] as string[] };
    for (const name of [...names].filter((one) => partsOfName(one) !== undefined).sort()) {
      found[known.has(`${name}/${MANIFEST_FILE}`) ? "whole" : "half"].push(name);
    }
    return found;
  }

  async manifest(name: string): Promise<Manifest | undefined> {
    const key = this.#keyOf(name, MANIFEST_FILE);
    const text = await this.#client.ask({ method: "GET", key }, async (answer) =>
      answer.status === 404 ? undefined : await answer.text(),
    );
    return text === undefined ? undefined : readManifest(text, `${this.place}/${name}`);
  }

  staging(_name: string, spool: string): string {
    return spool;
  }

  async publish(
    name: string,
    from: {
      readonly folder: string;
      readonly manifest: Manifest;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<void> {
    const { folder, manifest, signal } = from;
    for (const { path, size } of manifest.files) {
      await this.#put({ key: this.#keyOf(name, path), path: join(folder, path), size, signal });
    }
    const body = `${JSON.stringify(manifest, null, 2)}\n`;
    const key = this.#keyOf(name, MANIFEST_FILE);
    await this.#client.askText({ method: "PUT", key, body, signal });
  }

  folderOf(): undefined {
    return undefined;
  }

  async fetch(
    name: string,
    { folder, manifest }: { readonly folder: string; readonly manifest: Manifest },
  ): Promise<void> {
    for (const { path } of manifest.files) {
      await this.#get(this.#keyOf(name, path), join(folder, path));
    }
  }

  async remove(name: string): Promise<void> {
    const manifest = this.#keyOf(name, MANIFEST_FILE);
    await this.#client.askText({ method: "DELETE", key: manifest });
    for (const key of await this.#keys(this.#keyOf(name, ""))) {
      await this.#client.askText({ method: "DELETE", key });
    }
    await this.#abortUploads(this.#keyOf(name, ""));
  }

  /** A process that was killed leaves parts that nobody sees, and that cost money for ever. */
  async #abortUploads(prefix: string): Promise<void> {
    const query = { uploads: "", prefix };
    const xml = await this.#client.askText({ method: "GET", key: "", query });
    for (const [, upload = ""] of xml.matchAll(/<Upload>(.*?)<\/Upload>/gs)) {
      const key = textOf(upload, "Key");
      const uploadId = textOf(upload, "UploadId");
      if (key === undefined || uploadId === undefined) continue;
      await this.#client.askText({ method: "DELETE", key, query: { uploadId } });
    }
  }

  #keyOf(name: string, path: string): string {
    return this.#prefix + (name === "" ? path : `${name}/${path}`);
  }

  async #keys(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    let token: string | undefined;
    do {
      const query = {
        "list-type": "2",
        prefix,
        ...(token === undefined ? {} : { "continuation-token": token }),
      };
      const xml = await this.#client.askText({ method: "GET", key: "", query });
      keys.push(...textsOf(xml, "Key"));
      token = textOf(xml, "NextContinuationToken");
    } while (token !== undefined);
    return keys;
  }

  async #put(upload: Upload): Promise<void> {
    const { key, path, size, signal } = upload;
    if (size > this.#partBytes) {
      await this.#putParts(upload);
      return;
    }
    const body = new Uint8Array(size);
    await readInto(body, { path, position: 0 });
    await this.#client.askText({ method: "PUT", key, body, signal });
  }

  /** Part by part, so that no more than one is in memory. */
  async #putParts({ key, path, size, signal }: Upload): Promise<void> {
    const client = this.#client;
    const begun = await client.askText({ method: "POST", key, query: { uploads: "" }, signal });
    const uploadId = textOf(begun, "UploadId");
    if (uploadId === undefined) throw new FatalError(`Cannot PUT "${key}": S3 gave no upload id`);
    const partBytes = Math.max(this.#partBytes, Math.ceil(size / PARTS_MAX));
    const tags: string[] = [];
    try {
      for (let position = 0; position < size; position += partBytes) {
        const body = new Uint8Array(Math.min(partBytes, size - position));
        await readInto(body, { path, position });
        const query = { partNumber: String(tags.length + 1), uploadId };
        const tag = await client.ask(
          { method: "PUT", key, query, body, signal },
          async (answer) => {
            await answer.text();
            return answer.headers.get("etag") ?? "";
          },
        );
        tags.push(tag);
      }
      const parts = tags.map(
        (tag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${tag}</ETag></Part>`,
      );
      const body = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
      const done = await client.askText({ method: "POST", key, query: { uploadId }, body, signal });
      // It answers before it knows: a failure comes with status 200.
      const failure = /<Error>/.test(done) ? textOf(done, "Message") : undefined;
      if (failure !== undefined) throw new TransientError(`Cannot PUT "${key}": ${failure}`);
    } catch (failure) {
      // Parts that nobody asks for cost money for ever.
      await client.askText({ method: "DELETE", key, query: { uploadId } }).catch(() => {});
      throw failure;
    }
  }

  async #get(key: string, path: string): Promise<void> {
    const silence = new AbortController();
    // A body that is long comes piece by piece: here it is looked whether it still does.
    const request = { method: "GET", key, signal: silence.signal } as const;
    const answer = await this.#client.ask(request, async (begun) => begun);
    if (answer.status === 404) throw new FatalError(`Cannot find "${key}" in ${this.place}`);
    await mkdir(dirname(path), { recursive: true, mode: PRIVATE.folder });
    const file = await open(path, "w", PRIVATE.file);
    const giveUp = (): void => silence.abort(new Error("nothing comes any more"));
    let timer = setTimeout(giveUp, SILENCE_MS_MAX);
    try {
      let at = 0;
      const body: AsyncIterable<Uint8Array> = answer.body ?? emptyBody();
      for await (const bytes of body) {
        clearTimeout(timer);
        timer = setTimeout(giveUp, SILENCE_MS_MAX);
        for (let written = 0; written < bytes.length; ) {
          const left = bytes.length - written;
          const { bytesWritten } = await file.write(bytes, written, left, at);
          written += bytesWritten;
          at += bytesWritten;
        }
      }
      await file.sync();
    } catch (failure) {
      throw new TransientError(`Cannot GET "${key}" in ${this.place}: ${messageOf(failure)}`, {
        cause: failure,
      });
    } finally {
      clearTimeout(timer);
      await file.close();
    }
  }
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

async function readInto(
  bytes: Uint8Array,
  { path, position }: { readonly path: string; readonly position: number },
): Promise<void> {
  const file = await open(path, "r");
  try {
    for (let read = 0; read < bytes.length; ) {
      const left = bytes.length - read;
      const { bytesRead } = await file.read(bytes, read, left, position + read);
      if (bytesRead === 0) throw new FatalError(`File "${path}" is shorter than it was`);
      read += bytesRead;
    }
  } finally {
    await file.close();
  }
}
