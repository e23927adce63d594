import { createHash } from "node:crypto";
import type { Context } from "hono";
import type { Route } from "../route.ts";
import style from "./bundle/dashboard.css.txt" with { type: "text" };
import script from "./bundle/dashboard.js.txt" with { type: "text" };
import icon from "./bundle/icon.svg.txt" with { type: "text" };
import cyrillic from "./bundle/inter-cyrillic.woff2.txt" with { type: "text" };
import latin from "./bundle/inter-latin.woff2.txt" with { type: "text" };
import page from "./bundle/page.html.txt" with { type: "text" };

/**
 * What the page may do: run its own script and style, and ask its own service. Nothing of it is inline, and
 * no text can become markup, whatever it holds.
 */
export const DASHBOARD_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HTML = "text/html; charset=utf-8";

/** Requests that are answered with the page. */
const pages = new WeakSet<Request>();

const ASSETS = [
  { path: "/assets/dashboard.js", type: "text/javascript; charset=utf-8", text: script },
  { path: "/assets/dashboard.css", type: "text/css; charset=utf-8", text: style },
  { path: "/assets/icon.svg", type: "image/svg+xml", text: icon },
  // A file that an executable carries is a text: these are written in base64.
  { path: "/assets/inter-latin.woff2", type: "font/woff2", text: latin },
  { path: "/assets/inter-cyrillic.woff2", type: "font/woff2", text: cyrillic },
] as const;

/** Whether a browser asks, which shows the page; others want to know what there is. */
export function wantsPage(c: Context): boolean {
  return (c.req.header("accept") ?? "").includes("text/html");
}

/** The page. It says nothing of the service: it asks for what it shows. */
export function answerPage(c: Context): Response {
  pages.add(c.req.raw);
  return asset(c, { type: HTML, text: page });
}

/** The same to whoever has to sign in: there it asks for the token. */
export function answerSignIn(c: Context): Response {
  pages.add(c.req.raw);
  return c.body(page, 401, { "content-type": HTML, vary: "accept" });
}

/** What belongs to the page. */
export const ASSET_ROUTES: readonly Route[] = ASSETS.map(({ path, type, text }) => ({
  method: "GET",
  path,
  // Whoever has to sign in first sees the page, too.
  role: "none",
  about: "of the dashboard",
  answer: (c) => asset(c, { type, text }),
}));

/** Whether the answer is the page, or that the page is still the same. */
export function isPage(c: Context): boolean {
  return pages.has(c.req.raw);
}

const tags = new Map<string, string>();

/** Asked for anew each time, and sent when it is another one: an upgrade shows at once. */
function asset(c: Context, { type, text }: { type: string; text: string }): Response {
  let tag = tags.get(text);
  if (tag === undefined) {
    tag = `"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"`;
    tags.set(text, tag);
  }
  c.header("etag", tag);
  c.header("cache-control", "no-cache");
  if (c.req.header("if-none-match") === tag) return c.body(null, 304);
  const body = type === "font/woff2" ? Uint8Array.fromBase64(text) : text;
  return c.body(body, 200, { "content-type": type });
}
