/** Where a service that listens on `host` is asked from this machine: on every address means loopback too. */
export function serviceUrl(host: string, port: number | string): string {
  const name = host.replace(/^\[(.*)\]$/, "$1");
  const reachable = name === "" || name === "0.0.0.0" || name === "::" ? "127.0.0.1" : name;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}
