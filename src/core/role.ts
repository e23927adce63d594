/**
 * What a client may do. A `viewer` looks at everything, an `operator` does everything, the bus included;
 * `ingest` publishes to the bus and reads it, and no more.
 */
export type Role = "viewer" | "operator" | "ingest";

export const ROLES = ["viewer", "operator", "ingest"] as const satisfies readonly Role[];

/** What a route asks for. `none`: it is open to everybody; `any`: to everybody who has a role. */
export type RouteRole = Role | "none" | "any";

/** Whether a client with a role may use a route. */
export function isEnough(role: Role, needed: RouteRole): boolean {
  return needed === "none" || needed === "any" || role === "operator" || role === needed;
}
