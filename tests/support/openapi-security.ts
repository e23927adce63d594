import type { RouteRole } from "../../src/core/role.ts";
import type { Json } from "./openapi-schemas.ts";

/** How a client says who it is. */
export const SECURITY_SCHEMES: Json = {
  bearer: {
    type: "http",
    scheme: "bearer",
    description:
      "A token of the configuration, one that was made at the first start or by `aggregator token make`, " +
      "or one of the OpenID Connect issuer. See security.md.",
  },
  cookie: {
    type: "apiKey",
    in: "cookie",
    name: "aggregator_session_8000",
    description:
      "Of a browser that signed in by `POST /login`; the name ends with the port. What acts by it also sends " +
      "the header `x-csrf-token`, which `GET /session` tells.",
  },
  certificate: {
    type: "mutualTLS",
    description: "Of a client, where `status.tls.clients` gives it a role.",
  },
};

/** What opens a route: any of these. */
export function securityOf(role: RouteRole): Json {
  return role === "none" ? [] : [{ bearer: [] }, { cookie: [] }, { certificate: [] }];
}
