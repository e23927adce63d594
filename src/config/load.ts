import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ConfigError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import { partsOfBus } from "./bus-parts.ts";
import type { Environment } from "./expand-env.ts";
import { shown } from "./explain.ts";
import { importModule } from "./import-module.ts";
import { placesOf } from "./place-of.ts";
import { resolveConfig } from "./resolve.ts";
import { withKeyOfFile } from "./state-key.ts";
import { withTlsFiles } from "./tls-files.ts";

/** The file that is looked for when none is named. */
export const CONFIG_FILE = "aggregator.config.ts";

export interface LoadOptions {
  /** As given with `-c`; undefined: {@link CONFIG_FILE} in `cwd` if there is one, else the environment. */
  readonly path?: string | undefined;
  readonly cwd: string;
  readonly env: Environment;
  /** `"bus"`: only what `aggregator bus` reads is looked at, the rest is as if it were not said. */
  readonly reads?: "all" | "bus";
}

/**
 * Finds the configuration, runs the file and checks what it exports. May be called again at any time
 * and then sees the file as it is by then.
 *
 * @throws {ConfigError} The file is missing, does not run, or says something wrong.
 */
export async function loadConfig(options: LoadOptions): Promise<Settings> {
  const { path, cwd, reads = "all" } = options;
  const file = resolve(cwd, path ?? CONFIG_FILE);
  const said = (input: unknown): { input: unknown; env: Environment } =>
    reads === "bus" ? partsOfBus(input, options.env) : { input, env: options.env };
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined && path === undefined) {
    const { input, env } = said({});
    return complete(resolveConfig(input, { origin: "the environment", dir: cwd, env }));
  }
  if (stats === undefined) throw fault(`Cannot find the configuration ${shown(path)}`);
  if (stats.isDirectory()) {
    throw fault(`Cannot read the configuration ${shown(path ?? CONFIG_FILE)}: it is a folder`);
  }
  const { input, env } = said(await exportOf(file, path ?? CONFIG_FILE));
  return complete(resolveConfig(input, { origin: file, dir: dirname(file), cwd, env }));
}

/** Reads what the configuration keeps in files of its own. */
function complete(settings: Settings): Settings {
  const { keyFile } = settings.state;
  const keyed = keyFile === undefined ? settings : withKeyOfFile(settings, keyFile);
  return withTlsFiles(keyed);
}

async function exportOf(file: string, name: string): Promise<unknown> {
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await importModule(file);
  } catch (thrown) {
    throw new ConfigError(
      placesOf(thrown, file).map(({ place, message }) => ({
        path: "",
        message: `Cannot run the configuration ${name}${place}: ${message}`,
      })),
    );
  }
  if (!("default" in module)) {
    throw fault(
      `Configuration ${name} has no default export, write export default defineConfig({ … })`,
    );
  }
  return module["default"];
}

function fault(message: string): ConfigError {
  return new ConfigError([{ path: "", message }]);
}
