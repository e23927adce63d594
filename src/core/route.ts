import type { RouteRole } from "./role.ts";

/**
 * What is said of one route of the HTTP interface, in one place: who may use it, and what it is for. A
 * method and path that nobody declares is not served, whatever handles it.
 */
export interface RouteDeclaration {
  /** A route of GET answers HEAD, too. */
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** As the router writes it: `/alerts/:name`. */
  readonly path: string;
  readonly role: RouteRole;
  /** A line for people. */
  readonly about: string;
  /** Whether it changes something. Left out: unless it is a GET. */
  readonly acts?: boolean;
}

/** The routes of an application that is mounted below a path. */
export function routesBelow(base: string, routes: readonly RouteDeclaration[]): RouteDeclaration[] {
  return routes.map((route) => ({ ...route, path: base + route.path }));
}
