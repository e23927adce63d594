import sql from "postgres";
import {
  answers,
  describeWith,
  freePorts,
  runScript,
  type Service,
  serviceFolder,
  startService,
  UnavailableError,
} from "./service.ts";

/** A real PostgreSQL. */
export interface PostgresServer extends Service {
  readonly port: number;
  /** Of a database that is there from the start: `postgres://tester:secret@127.0.0.1:…/postgres`. */
  readonly url: string;
  /** Makes an empty database and returns its URL. */
  database(): Promise<string>;
}

let running: Promise<PostgresServer> | undefined;
let databases = 0;

/**
 * The PostgreSQL of this test run: started by the first who asks. It has users `tester` (superuser,
 * password `secret`) and, once made, `by_certificate` (over TLS with `client.crt`).
 *
 * @throws {UnavailableError} If it is not installed.
 */
export function usePostgres(): Promise<PostgresServer> {
  running ??= start();
  return running;
}

/** `describe` for tests that need PostgreSQL; to be awaited. */
export function describeWithPostgres(
  name: string,
  define: (server: PostgresServer) => void,
): Promise<void> {
  return describeWith(name, usePostgres, define);
}

async function start(): Promise<PostgresServer> {
  await runScript("postgres.sh", ["find"]).catch(() => {
    throw new UnavailableError("PostgreSQL is not installed (Debian: apt-get install postgresql)");
  });
  const folder = await serviceFolder("postgres");
  await runScript("postgres.sh", ["init", folder]);
  const [port = 0] = await freePorts(1);
  const url = `postgres://tester:secret@127.0.0.1:${port}/postgres`;
  const service = await startService(folder, {
    command: () => [`${import.meta.dir}/postgres.sh`, "run", folder, String(port)],
    isUp: async () => (await answers(port)) && (await acceptsQueries(url)),
    stopSignal: "SIGINT",
    startMsMax: 15_000,
  });
  return {
    ...service,
    port,
    url,
    async database() {
      databases++;
      const name = `test_${process.pid}_${databases}`;
      await runSql(url, `create database ${name}`);
      return url.replace(/[^/]*$/, name);
    },
  };
}

/** One statement, or several, on a connection of their own. */
export async function runSql(url: string, statements: string): Promise<sql.Row[]> {
  const client = sql(url, { max: 1, fetch_types: false, connect_timeout: 5, onnotice() {} });
  try {
    return [...(await client.unsafe(statements))];
  } finally {
    await client.end({ timeout: 1 });
  }
}

/** It listens before it has recovered. */
async function acceptsQueries(url: string): Promise<boolean> {
  try {
    await runSql(url, "select 1");
    return true;
  } catch {
    return false;
  }
}
