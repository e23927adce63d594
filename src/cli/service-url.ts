/**
 * Where a service that listens on `host` is asked from this machine: on every address means loopback too.
 * With TLS that is `localhost`, which certificates name rather than an address.
 */
export function serviceUrl(
  host: string,
  port: number | string,
  scheme: "http" | "https" = "http",
): string {
  const name = host.replace(/^\[(.*)\]$/, "$1");
  const here = scheme === "http" ? "127.0.0.1" : "localhost";
  const reachable = name === "" || name === "0.0.0.0" || name === "::" ? here : name;
  return `${scheme}://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}
