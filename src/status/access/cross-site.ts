/** What such a request is told. */
export const CROSS_SITE_REFUSED = "Requests from pages of other sites are refused";

/**
 * Whether a page of another site sent a request. Browsers send these headers and let no page forge them;
 * other clients send none of them.
 */
export function isCrossSite(headers: Headers): boolean {
  const site = headers.get("sec-fetch-site");
  // The browser knows which name it asked; behind a proxy our own `Host` may be another one.
  if (site !== null && site !== "none") return site !== "same-origin";
  const origin = headers.get("origin");
  return origin !== null && URL.parse(origin)?.host !== headers.get("host");
}
