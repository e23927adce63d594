import * as v from "valibot";
import { ROLES } from "../../core/role.ts";
import { text } from "../../http/fields.ts";
import { TOKEN_LENGTH_MAX } from "../access/session-routes.ts";

const identity = {
  name: text("Of the token, the certificate or the user."),
  role: v.pipe(v.picklist(ROLES), v.description("What it opens.")),
  via: v.pipe(
    v.picklist(["loopback", "token", "session", "certificate", "oidc"]),
    v.description("How that is known."),
  ),
  expires_at: v.pipe(
    v.nullable(v.number()),
    v.description("When it ends, in Unix seconds; null: by itself never."),
  ),
};

const CSRF = "The header `x-csrf-token` of what acts by the cookie.";

export const loginBody = v.pipe(
  v.object({
    token: v.pipe(
      v.string(),
      v.minLength(1),
      v.maxLength(TOKEN_LENGTH_MAX),
      v.description("A token of a viewer or an operator."),
    ),
  }),
  v.title("Login"),
);

export const loginAnswer = v.pipe(
  v.object({ ...identity, csrf_token: text(CSRF) }),
  v.title("SignedIn"),
);

export const sessionAnswer = v.pipe(
  v.object({ ...identity, csrf_token: v.exactOptional(text(`${CSRF} Only with a cookie.`)) }),
  v.title("Session"),
);

export const logoutAnswer = v.object({ signed_in: v.literal(false) });
