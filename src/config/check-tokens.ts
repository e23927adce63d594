import { type Fault, NO_VALUE } from "./explain.ts";

type Section = Readonly<Record<string, unknown>>;

/** Where a name or a token stands first, and what that one opens. */
interface First {
  readonly at: string;
  readonly opens: string;
}

/**
 * Checks that a name stands for one token, and that a token does not stand for two roles: it would open
 * what the first of them opens, whatever was meant by the second.
 *
 * @param status As it is written, with every reference to the environment replaced.
 */
export function checkTokens({ token, tokens }: Section): Fault[] {
  const names = new Map<unknown, First>();
  const values = new Map<unknown, First>();
  if (typeof token === "string") {
    values.set(token, { at: "status.token", opens: opensBy({ role: "operator" }) });
  }
  return (Array.isArray(tokens) ? tokens : []).flatMap((entry: unknown, index): Fault[] => {
    // What is no object is said by the check of the part.
    const one = (typeof entry === "object" && entry !== null ? entry : {}) as Section;
    const here: First = { at: `status.tokens[${index}]`, opens: opensBy(one) };
    const path = ["status", "tokens", index];
    const faults: Fault[] = [];
    const named = names.get(one["name"]);
    if (named !== undefined) {
      const message = `is the name of ${named.at} already`;
      faults.push({ path: [...path, "name"], message, value: one["name"], expected: null });
    }
    const same = values.get(one["token"]);
    if (same !== undefined && same.opens !== here.opens) {
      const message = `is the token of ${same.at} already, which has another role or end`;
      faults.push({ path: [...path, "token"], message, value: NO_VALUE, expected: null });
    }
    if (typeof one["name"] === "string" && named === undefined) names.set(one["name"], here);
    if (typeof one["token"] === "string" && same === undefined) values.set(one["token"], here);
    return faults;
  });
}

function opensBy({ role, expires }: Section): string {
  return JSON.stringify([role, expires ?? null]);
}
