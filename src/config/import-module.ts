import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import * as api from "./api.ts";

/** What of Bun is used here; it is absent on Deno. */
interface BunPlugins {
  plugin(options: {
    name: string;
    setup(build: {
      module(
        specifier: string,
        load: () => { exports: Record<string, unknown>; loader: "object" },
      ): void;
    }): void;
  }): void;
}

/** Modules that a configuration brought in: they are read anew the next time. */
const loaded = new Set<string>();
let isPrepared = false;
let version = 0;

/**
 * Imports a module from disk, as it is there now. `import … from "aggregator"` in it is this very
 * program. Here Bun and Deno differ: Bun gets a module of its own making, also in the executable, where
 * no package lies beside it; Deno is told by the import map in `deno.json`.
 *
 * On Deno, what the module itself imports is read once in the life of the process.
 */
export async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  // Bun is a global of its runtime, and nothing on any other.
  const bun = (globalThis as { readonly Bun?: BunPlugins }).Bun;
  if (bun === undefined) return await importUrl(`${pathToFileURL(path).href}?version=${++version}`);
  if (!isPrepared) {
    const load = () => ({ exports: { ...api }, loader: "object" as const });
    bun.plugin({ name: "aggregator", setup: (build) => build.module("aggregator", load) });
    isPrepared = true;
  }
  const { cache } = createRequire(import.meta.url);
  for (const module of loaded) delete cache[module];
  delete cache[path];
  const before = new Set(Object.keys(cache));
  try {
    return await importUrl(path);
  } finally {
    for (const module of Object.keys(cache)) if (!before.has(module)) loaded.add(module);
  }
}

async function importUrl(specifier: string): Promise<Readonly<Record<string, unknown>>> {
  // A namespace of a module is an object of its exports.
  return (await import(specifier)) as Readonly<Record<string, unknown>>;
}
