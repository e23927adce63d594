import { join } from "node:path";
import {
  describeWith,
  freePorts,
  runScript,
  type Service,
  serviceFolder,
  startService,
  UnavailableError,
} from "./service.ts";

/** A real Prometheus Alertmanager. */
export interface AlertmanagerServer extends Service {
  readonly url: string;
}

/** Ignored by git; kept from run to run. */
const CACHE = join(import.meta.dir, "..", "..", ".cache");

let running: Promise<AlertmanagerServer> | undefined;

/**
 * The Alertmanager of this test run: started by the first who asks.
 *
 * @throws {UnavailableError} If Debian's package cannot be had.
 */
export function useAlertmanager(): Promise<AlertmanagerServer> {
  running ??= start();
  return running;
}

/** `describe` for tests that need Alertmanager; to be awaited. */
export function describeWithAlertmanager(
  name: string,
  define: (server: AlertmanagerServer) => void,
): Promise<void> {
  return describeWith(name, useAlertmanager, define);
}

async function start(): Promise<AlertmanagerServer> {
  await runScript("alertmanager.sh", ["fetch", CACHE]).catch((thrown: unknown) => {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new UnavailableError(`Alertmanager comes from Debian's prometheus-alertmanager: ${why}`);
  });
  const folder = await serviceFolder("alertmanager");
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const service = await startService(folder, {
    command: () => [`${import.meta.dir}/alertmanager.sh`, "run", CACHE, folder, String(port)],
    isUp: () => isReady(url),
    stopSignal: "SIGTERM",
    startMsMax: 30_000,
  });
  return { ...service, url };
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`)).ok;
  } catch {
    return false;
  }
}
