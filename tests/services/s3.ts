import { AwsClient } from "aws4fetch";
import type { S3Settings } from "../../src/core/settings.ts";
import { answers, describeWith, type Service, startFetched } from "./service.ts";

/** A server that speaks S3. It keeps all in memory, so nothing survives its end. */
export interface S3Server extends Service {
  /** How it is reached. Any key is right. */
  readonly settings: S3Settings;
  /** Makes an empty bucket and returns its name. */
  bucket(): Promise<string>;
}

let running: Promise<S3Server> | undefined;
let buckets = 0;

/**
 * The S3 of this test run: started by the first who asks.
 *
 * @throws {UnavailableError} If Python or the server cannot be had.
 */
export function useS3(): Promise<S3Server> {
  running ??= start();
  return running;
}

/** `describe` for tests that need S3; to be awaited. */
export function describeWithS3(name: string, define: (server: S3Server) => void): Promise<void> {
  return describeWith(name, useS3, define);
}

async function start(): Promise<S3Server> {
  const service = await startFetched("s3", {
    needs: "S3 needs Python 3 with venv and moto",
    isUp: answers,
  });
  const settings = {
    endpoint: `http://127.0.0.1:${service.port}`,
    region: "us-east-1",
    accessKeyId: "tester",
    secretAccessKey: "s3cret-of-the-tests",
    sessionToken: undefined,
  };
  return {
    ...service,
    settings,
    async bucket() {
      buckets++;
      const name = `test-${process.pid}-${buckets}`;
      const { accessKeyId, secretAccessKey, endpoint } = settings;
      const client = new AwsClient({ accessKeyId, secretAccessKey, service: "s3" });
      const made = await client.fetch(`${endpoint}/${name}`, { method: "PUT" });
      if (!made.ok) throw new Error(`Cannot make a bucket: ${await made.text()}`);
      return name;
    },
  };
}
