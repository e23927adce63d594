import { TrieRouter } from "hono/router/trie-router";
import type { RouteDeclaration } from "../core/route.ts";

/** Every declared route: the one place that knows who may use what. */
export class RouteTable {
  readonly routes: readonly RouteDeclaration[];
  readonly #router = new TrieRouter<RouteDeclaration>();

  constructor(routes: readonly RouteDeclaration[]) {
    this.routes = routes;
    for (const route of routes) this.#router.add(route.method, route.path, route);
  }

  /** @param path As the application reads it: decoded, without a slash at its end. HEAD is served by GET. */
  find(method: string, path: string): RouteDeclaration | undefined {
    const [matches] = this.#router.match(method === "HEAD" ? "GET" : method, path);
    return matches[0]?.[0];
  }

  /** The declared routes at a path, whatever their methods. */
  at(path: string): RouteDeclaration[] {
    return METHODS.flatMap((method) => this.find(method, path) ?? []);
  }
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
