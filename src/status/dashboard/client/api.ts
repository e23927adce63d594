import { t } from "./words.ts";

/** Kept as long as the tab: whoever closes it has signed out. */
const TOKEN_KEY = "aggregator-token";

export function authorization(): Record<string, string> {
  const token = sessionStorage.getItem(TOKEN_KEY);
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

export function setToken(token: string): void {
  sessionStorage.setItem(TOKEN_KEY, token);
}

/** What the service said instead of what was asked for. */
export class AnswerError extends Error {}

export async function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return await ask<Answer>(path, { headers: authorization(), ...(signal && { signal }) });
}

export async function post<Answer>(path: string, body?: unknown): Promise<Answer> {
  const headers = { ...authorization(), "content-type": "application/json" };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  return await ask<Answer>(path, { method: "POST", headers, ...text });
}

async function ask<Answer>(path: string, options: RequestInit): Promise<Answer> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...options, cache: "no-store" });
  } catch (failure) {
    // Whoever gave it up knows.
    if (options.signal?.aborted === true) throw failure;
    throw new AnswerError(t("not_reached"));
  }
  const text = await answer.text();
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new AnswerError(`${answer.status} ${text.slice(0, 200)}`);
  }
  if (answer.ok) return content as Answer; // our own service wrote it
  const { error } = content as { error?: unknown };
  throw new AnswerError(typeof error === "string" ? error : String(answer.status));
}
