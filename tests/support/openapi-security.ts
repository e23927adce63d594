import type { RouteRole } from "../../src/core/role.ts";
import type { Json } from "./openapi-schemas.ts";

/** How a client says who it is. */
export const SECURITY_SCHEMES: Json = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description: "A token of the configuration, or the one that was made at the first start.",
  },
};

/** What opens a route: any of these. */
export function securityOf(role: RouteRole): Json {
  return role === "none" ? [] : [{ bearer: [] }];
}
