import { once } from "node:events";
import { join, resolve } from "node:path";
import { BUS_ROUTES } from "../bus/routes.ts";
import { loadConfig } from "../config/load.ts";
import type { Logger } from "../core/logger.ts";
import type { RouteDeclaration } from "../core/route.ts";
import type { Settings, StatusSettings } from "../core/settings.ts";
import { realClock } from "../pipeline/real-clock.ts";
import { servedDocument } from "../status/api/served-document.ts";
import { guardOf } from "../status/auth.ts";
import { guardedApp } from "../status/guarded-app.ts";
import { jsonAnswer } from "../status/json-answer.ts";
import { RouteTable } from "../status/route-table.ts";
import { serve } from "../status/serve.ts";
import { configArg } from "./args.ts";
import { defineCommand } from "./command.ts";
import { Doorbell } from "./doorbell.ts";
import { EXIT, UsageError } from "./exit.ts";
import { openLog } from "./log.ts";
import { levelChoiceOf, logLevelArg } from "./log-level.ts";
import { openBus } from "./open-bus.ts";
import { checkOpenFiles, refuseWhenFull } from "./open-files.ts";
import { Reloads } from "./reloads.ts";
import { ServiceAccess } from "./service-access.ts";
import { stopSignal } from "./stop-signal.ts";
import type { Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/** Where orchestrators, and the command healthcheck, ask every service of ours. */
const HEALTH: RouteDeclaration = {
  method: "GET",
  path: "/healthz",
  role: "none",
  about: "whether the bus is alive",
};

const DOCUMENT: RouteDeclaration = {
  method: "GET",
  path: "/openapi.json",
  role: "any",
  about: "this interface as an OpenAPI 3.1 document",
};

/** Our own bus without the rest of the service. */
export const bus = defineCommand({
  name: "bus",
  summary: "Serve a small durable bus for this host, and nothing else",
  args: {
    config: configArg,
    host: {
      type: "string",
      valueHint: "address",
      description: "Address to listen on. Default: that of the configuration, or loopback",
    },
    port: {
      type: "string",
      valueHint: "number",
      description: "Port, 0 for any. Default: that of the configuration, or 8000",
    },
    dir: {
      type: "string",
      valueHint: "folder",
      description: "Where the events are kept. Default: bus in the folder of the state",
    },
    "log-level": logLevelArg,
  },
  failsWhen: "the bus cannot be served",
  examples: [
    { line: "aggregator bus", does: "On this machine alone, port 8000" },
    {
      line: "AGGREGATOR_TOKEN=… aggregator bus --host 0.0.0.0 --port 9000 --dir /var/lib/bus",
      does: "For other machines, which show the token",
    },
  ],
  async run(values, { terminal, env, cwd }) {
    const load = async (): Promise<Settings> => {
      const loaded = await loadConfig({ path: values.config, cwd, env, reads: "bus" });
      terminal.hide(loaded.secrets);
      return { ...loaded, status: addressOf(values, loaded.status) };
    };
    const settings = await load();
    const { status } = settings;
    const logger = openLog(terminal, {
      chosen: levelChoiceOf(values["log-level"], env),
      settings: settings.log,
    });
    const dir =
      values.dir === undefined ? join(settings.state.dir, "bus") : resolve(cwd, values.dir);
    const asked = new Doorbell();
    const stop = stopSignal(logger, () => asked.ring());
    checkOpenFiles();
    const opened = await openBus({
      settings,
      dir,
      reader: "none",
      clock: realClock,
      logger,
      stopping: stop,
    });
    try {
      const access = new ServiceAccess({
        folder: dir,
        status,
        // Of our own bus alone there is nothing to look at.
        roles: ["operator", "ingest"],
        clock: realClock,
        logger,
      });
      const table = new RouteTable([HEALTH, DOCUMENT, ...BUS_ROUTES]);
      const app = guardedApp({ table, guard: guardOf(access.access), logger });
      app.get(HEALTH.path, (context) => context.json({ status: "ok" }));
      const { routes } = table;
      app.get(DOCUMENT.path, (context) =>
        jsonAnswer(
          context,
          servedDocument({ version, routes, access: access.access.mode, busAt: "" }),
        ),
      );
      app.route("/", opened.app);
      const server = await serve(app, { ...status, logger });
      terminal.say(`The bus listens on ${server.url} and keeps its events in ${dir}`);
      sayTokens(access, terminal);
      const reloads = reloadsOf(settings, {
        load,
        logger,
        follow(changed) {
          logger.follow(changed.log);
          opened.follow(changed);
          access.follow(changed.status);
          sayTokens(access, terminal);
          const { tls } = changed.status;
          if (tls?.files !== undefined) server.useCertificate?.(tls.files);
        },
      });
      // The log tells what came of it.
      asked.answer(() => void reloads.reload().catch(() => {}));
      await refuseWhenFull(server, { clock: realClock, logger, signal: stop });
      if (!stop.aborted) await once(stop, "abort");
      await server.stop();
    } finally {
      await opened.close();
    }
    return EXIT.ok;
  },
});

function sayTokens(access: ServiceAccess, terminal: Terminal): void {
  for (const { label, text } of access.announce()) {
    terminal.say(`${label === "token" ? "Token" : `Token ${label}`}: ${text}`);
  }
}

interface BusReloadOptions {
  readonly load: () => Promise<Settings>;
  readonly follow: (settings: Settings) => void;
  readonly logger: Logger;
}

/** Tokens, certificates and what an event is may change while it serves. */
function reloadsOf(first: Settings, { load, follow, logger }: BusReloadOptions): Reloads {
  let inForce = first;
  return new Reloads({
    // Of the pipeline it uses nothing: there may be any other.
    load: async () => ({ ...(await load()), name: first.name, source: first.source }),
    inForce: () => inForce,
    async change(settings) {
      inForce = settings;
      follow(settings);
    },
    logger,
  });
}

function addressOf(
  { host, port }: { readonly host: string | undefined; readonly port: string | undefined },
  status: StatusSettings,
): StatusSettings {
  const at = { ...status, host: host ?? status.host };
  if (port === undefined) return at;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new UsageError(`Cannot use port "${port}": must be a whole number from 0 to 65535`);
  }
  return { ...at, port: Number(port), portAsked: true };
}
