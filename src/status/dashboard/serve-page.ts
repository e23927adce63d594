import { createHash } from "node:crypto";
import type { Context, Hono } from "hono";
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

/** Serves the dashboard at `/` to browsers, and what belongs to it. Others get what is routed behind it. */
export function addDashboard(app: Hono): void {
  app.get("/", async (c, next) => {
    if (!(c.req.header("accept") ?? "").includes("text/html")) return await next();
    c.header("vary", "accept");
    pages.add(c.req.raw);
    return asset(c, { type: HTML, text: page });
  });
  for (const { path, type, text } of ASSETS) app.get(path, (c) => asset(c, { type, text }));
}

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
