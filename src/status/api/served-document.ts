import text from "./openapi.json.txt" with { type: "text" };

/** Of the document: what is looked at here. The rest is handed on as it was made. */
interface Document {
  readonly info: Readonly<Record<string, unknown>>;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly [key: string]: unknown;
}

interface Operation {
  readonly tags: readonly string[];
  readonly responses: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

export interface ServedOptions {
  /** Of the program. */
  readonly version: string;
  /** Method and path of every route that is served: `GET /status`, `GET /alerts/:name`. */
  readonly routes: readonly { readonly method: string; readonly path: string }[];
  /** Whether a client has to say who it is. */
  readonly access: "open" | "token";
  /** Where the bus is, if it is not at `/vabus`. */
  readonly busAt?: string;
}

/** The document of what is served: of the whole one, which `bun run generate` makes, the routes that are there. */
export function servedDocument(options: ServedOptions): unknown {
  const { version, routes, access, busAt = BUS } = options;
  const whole = JSON.parse(text) as Document; // our own file
  const served = new Set(
    routes.map(({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, "{$1}")}`),
  );
  const paths: Record<string, Record<string, Operation>> = {};
  for (const [path, operations] of Object.entries(whole.paths)) {
    const at = path.startsWith(`${BUS}/`) ? busAt + path.slice(BUS.length) : path;
    const kept = Object.entries(operations).filter(([method]) => served.has(`${method} ${at}`));
    if (kept.length === 0) continue;
    paths[at] = Object.fromEntries(
      kept.map(([method, operation]) => [
        method,
        access === "open" ? withoutSecurity(operation) : operation,
      ]),
    );
  }
  const operations = Object.values(paths).flatMap((at) => Object.values(at));
  const used = new Set(operations.flatMap(({ tags }) => tags));
  return {
    ...whole,
    info: { ...whole.info, version },
    tags: whole.tags.filter(({ name }) => used.has(name)),
    paths,
  };
}

/** On loopback everyone of this machine is let in, and nobody is asked who it is. */
function withoutSecurity(operation: Operation): Operation {
  const { 401: unauthorized, 429: slowedDown, ...responses } = operation.responses;
  void unauthorized;
  void slowedDown;
  return { ...operation, security: [], responses };
}

/** Where the bus is in the document. */
const BUS = "/vabus";
