import { answersWell, describeWith, type Service, startFetched } from "./service.ts";

/** A real Prometheus Alertmanager. */
export interface AlertmanagerServer extends Service {
  readonly url: string;
}

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
  const service = await startFetched("alertmanager", {
    needs: "Alertmanager comes from Debian's prometheus-alertmanager",
    isUp: (port) => answersWell(`http://127.0.0.1:${port}/-/ready`),
  });
  return { ...service, url: `http://127.0.0.1:${service.port}` };
}
