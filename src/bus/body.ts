import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { messageOf } from "../core/errors.ts";
import { RequestError } from "./query.ts";

const unpack = promisify(gunzip);

/** A publication, unpacked: some hundred thousand events. Larger ones come in several requests. */
export const BODY_BYTES_MAX = 16 * 1024 * 1024;

/**
 * The body of a request, unpacked. It is counted as it comes, so that no sender can fill the memory,
 * packed or not.
 *
 * @throws {RequestError} Too large (413), packed in another way than gzip (415), or damaged (400).
 */
export async function readBody(request: Request): Promise<Uint8Array> {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding !== "identity" && encoding !== "gzip") {
    throw new RequestError(`Cannot read content encoding "${encoding}": it must be gzip or none`, {
      status: 415,
    });
  }
  const body = await gather(request);
  if (encoding === "identity") return body;
  try {
    return await unpack(body, { maxOutputLength: BODY_BYTES_MAX });
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException; // undefined on any other error
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
    throw new RequestError(`Cannot unpack the body: ${messageOf(thrown)}`);
  }
}

async function gather(request: Request): Promise<Uint8Array> {
  const { headers } = request;
  const said = headers.get("content-length");
  if (Number(said ?? 0) > BODY_BYTES_MAX) throw tooLarge();
  if (said !== null && !headers.has("transfer-encoding")) {
    // The server reads no more than was said: there is nothing to count, and one piece is faster than many.
    return bounded(await request.bytes());
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk?.value === undefined) break;
    length += chunk.value.length;
    if (length > BODY_BYTES_MAX) {
      await reader?.cancel();
      throw tooLarge();
    }
    chunks.push(chunk.value);
  }
  if (chunks.length === 1) return chunks[0]!; // just counted
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

/** What made the request by itself may have said anything. */
function bounded(body: Uint8Array): Uint8Array {
  if (body.length > BODY_BYTES_MAX) throw tooLarge();
  return body;
}

function tooLarge(): RequestError {
  return new RequestError(
    `Cannot take the body: it has more than ${BODY_BYTES_MAX} bytes; publish it in several requests`,
    { status: 413 },
  );
}
