import type { Context } from "hono";
import type { RouteDeclaration } from "../../core/route.ts";
import { answerSignIn, wantsPage } from "../dashboard/serve-page.ts";
import { jsonAnswer } from "../json-answer.ts";

/** Why a token does not open. */
export interface Refusal {
  readonly status: 401 | 403 | 429 | 503;
  readonly error: string;
  readonly retryAfterS?: number;
}

/**
 * Answers who may not come in.
 *
 * @param refusal Undefined: nothing was shown.
 * @param route What was asked for: a browser gets the page for signing in at `/`.
 */
export function refuse(
  c: Context,
  refusal: Refusal | undefined,
  route?: RouteDeclaration,
): Response {
  const status = refusal?.status ?? 401;
  if (status === 401) {
    const fault = refusal === undefined ? "" : ', error="invalid_token"';
    c.header("www-authenticate", `Bearer realm="aggregator"${fault}`);
    // The page says nothing of the service: it asks for the token, and shows what that opens.
    if (route?.path === "/" && wantsPage(c)) return answerSignIn(c);
  }
  if (refusal?.retryAfterS !== undefined) c.header("retry-after", String(refusal.retryAfterS));
  const error = refusal?.error ?? "Token required: send the header Authorization: Bearer TOKEN";
  return jsonAnswer(c, { error }, status);
}
