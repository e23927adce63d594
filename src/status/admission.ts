import type { Context, MiddlewareHandler } from "hono";
import type { RouteDeclaration } from "../core/route.ts";
import { jsonAnswer } from "./json-answer.ts";
import type { RouteTable } from "./route-table.ts";

/**
 * Whether a client may come in.
 *
 * @param route What it asks for; undefined: there is no such route.
 * @returns The refusal; undefined: it may.
 */
export type Guard = (
  c: Context,
  route: RouteDeclaration | undefined,
) => Response | undefined | Promise<Response | undefined>;

/**
 * Lets a request through to a declared route whose role it has, and answers every other one: 401 to
 * strangers, whatever they ask for; then 404 and 405 for what is not declared, 403 for what is and is
 * not theirs.
 */
export function admission(table: RouteTable, guard: Guard): MiddlewareHandler {
  return async (c, next) => {
    const { method, path } = c.req;
    const route = table.find(method, path);
    // What is declared for other methods matters only where this one is not.
    const declared = route === undefined ? table.at(path) : [route];
    // Of what is open to everybody nothing has to be hidden, not even its methods.
    const isOpen = (route ?? declared[0])?.role === "none";
    const refusal = isOpen ? undefined : await guard(c, route);
    if (refusal !== undefined) return refusal;
    if (route !== undefined) return await next();
    if (declared.length === 0) return notFound(c, table);
    const allow = declared.map((one) => (one.method === "GET" ? "GET, HEAD" : one.method));
    c.header("allow", allow.join(", "));
    if (method === "OPTIONS") return c.body(null, 204);
    return jsonAnswer(c, { error: `Method ${method} is not allowed here` }, 405);
  };
}

function notFound(c: Context, { routes }: RouteTable): Response {
  const paths = new Set(routes.map(({ path }) => path));
  return jsonAnswer(c, { error: `No route ${c.req.path}`, routes: [...paths] }, 404);
}
