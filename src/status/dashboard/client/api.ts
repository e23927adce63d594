import { t } from "./words.ts";

/** Who looks at the page, as the service knows. */
export interface You {
  readonly name: string;
  readonly role: "viewer" | "operator" | "ingest";
  readonly via: "loopback" | "token" | "session" | "certificate" | "oidc";
}

/** What the service said instead of what was asked for. */
export class AnswerError extends Error {
  /** Of HTTP; 0: it did not answer. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Begins a session: the browser keeps it as a cookie that no script can read. */
export async function signIn(token: string): Promise<void> {
  await send("/login", { token }, {});
}

export async function signOut(): Promise<void> {
  await post("/logout");
}

export async function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  return await ask<Answer>(path, { ...(signal && { signal }) });
}

export async function post<Answer>(path: string, body?: unknown): Promise<Answer> {
  // Asked for each time: another tab may have signed in anew.
  const { csrf_token } = await get<{ csrf_token?: string }>("/session");
  return await send<Answer>(
    path,
    body,
    csrf_token === undefined ? {} : { "x-csrf-token": csrf_token },
  );
}

async function send<Answer>(
  path: string,
  body: unknown,
  more: Record<string, string>,
): Promise<Answer> {
  const headers = { ...more, "content-type": "application/json" };
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
    throw new AnswerError(t("not_reached"), 0);
  }
  const text = await answer.text();
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new AnswerError(`${answer.status} ${text.slice(0, 200)}`, answer.status);
  }
  if (answer.ok) return content as Answer; // our own service wrote it
  const { error } = content as { error?: unknown };
  const said = typeof error === "string" ? error : String(answer.status);
  throw new AnswerError(said, answer.status);
}
