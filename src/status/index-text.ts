/** The page at `/`: what there is, for who typed the address into a browser or into curl. */
export function indexText(
  name: string,
  page: {
    readonly routes: readonly { readonly path: string; readonly about: string }[];
    readonly mounts: readonly string[];
  },
): string {
  const lines = [
    ...page.routes.map(({ path, about }) => [path, about] as const),
    ...page.mounts.map((path) => [path, "the service's own bus: POST events there"] as const),
  ];
  const width = Math.max(...lines.map(([path]) => path.length)) + 2;
  const table = lines.map(([path, about]) => `  ${path.padEnd(width)}${about}`);
  return `Aggregator ${name}\n\n${table.join("\n")}\n`;
}
