import type { Context } from "hono";
import type { RouteDeclaration } from "../core/route.ts";

/** One route of our own: what is said of it, and what it answers. */
export interface Route extends RouteDeclaration {
  readonly answer: (c: Context) => Response | Promise<Response>;
}
