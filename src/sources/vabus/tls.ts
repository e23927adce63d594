import { readFileSync } from "node:fs";
import { FatalError, messageOf } from "../../core/errors.ts";

export interface TlsFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/**
 * What stands in a PEM file; undefined without one.
 *
 * @param what What it is called when it cannot be read. @throws {FatalError} It cannot.
 */
export function readPem(path: string | undefined, what: string): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    throw new FatalError(`Cannot read ${what} "${path}": ${messageOf(thrown)}`);
  }
}

/** The one thing of Deno that is needed here, and that the web has no name for. */
interface DenoHttp {
  createHttpClient(options: { caCerts?: string[]; cert?: string; key?: string }): unknown;
}

/** What `fetch` is told of certificates: each runtime has its own words for it. Empty without any. */
export function tlsInit(files: TlsFiles): RequestInit {
  const { ca, cert, key } = files;
  if (ca === undefined && cert === undefined && key === undefined) return {};
  // Only Deno has this global.
  const { Deno: deno } = globalThis as { Deno?: DenoHttp };
  if (deno === undefined) {
    const tls = {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    };
    return { tls } as RequestInit; // an option of Bun
  }
  const client = deno.createHttpClient({
    ...(ca === undefined ? {} : { caCerts: [ca] }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  });
  return { client } as RequestInit; // an option of Deno
}
