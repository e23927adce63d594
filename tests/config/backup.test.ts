import { describe, expect, test } from "bun:test";
import { resolveConfig } from "../../src/config/resolve.ts";
import { ConfigError } from "../../src/core/errors.ts";

function resolve(backup: object, env: Record<string, string> = {}) {
  return resolveConfig({ backup }, { origin: "test", dir: "/srv/plant", env });
}

function messageOf(backup: object): string {
  try {
    resolve(backup);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message;
    throw thrown;
  }
  return "";
}

describe("backup", () => {
  test("is made every so often, or by the calendar", () => {
    expect(resolve({}).backup?.schedule).toBeUndefined();
    expect(resolve({ every: "1h" }).backup?.schedule).toEqual({
      kind: "every",
      everyMs: 3_600_000,
    });
    expect(resolve({ every: "0 3 * * *" }).backup?.schedule).toEqual({
      kind: "cron",
      text: "0 3 * * *",
    });
  });

  test.each(["30s", "daily", "61 * * * *", "0 0 31 2 *", ""])("is never made every %j", (every) => {
    expect(messageOf({ every })).toBe(
      `backup.every: ${JSON.stringify(every)}: must be a duration of at least "1m", or a cron text ` +
        'such as "0 3 * * *" (UTC)',
    );
  });

  test("goes to a folder that counts from that of the file, or to a bucket", () => {
    expect(resolve({ to: "kept" }).backup?.to).toBe("/srv/plant/kept");
    expect(resolve({ to: "s3://plant/a/b" }).backup?.to).toBe("s3://plant/a/b");
    for (const to of ["s3:", "s3://", "s3:///a", "s3://b?x", ""]) {
      expect(messageOf({ to })).toContain("must be a folder, or s3://bucket/prefix");
    }
    expect(messageOf({ keep: 0 })).toBe("backup.keep: 0: must be at least 1");
  });

  test("takes from the environment how the bucket is reached, and keeps it secret", () => {
    const env = {
      AWS_ENDPOINT_URL: "http://store:9000",
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: "id",
      AWS_SECRET_ACCESS_KEY: "s3cret-key",
      AWS_SESSION_TOKEN: "s3cret-token",
    };
    const settings = resolve({}, env);
    expect(settings.backup?.s3).toEqual({
      endpoint: "http://store:9000",
      region: "eu-central-1",
      accessKeyId: "id",
      secretAccessKey: "s3cret-key",
      sessionToken: "s3cret-token",
    });
    expect(settings.secrets).toEqual(["s3cret-key", "s3cret-token"]);
    const own = resolve({ s3: { endpoint: "https://own", secretAccessKey: "s3cret-own" } }, env);
    expect(own.backup?.s3).toMatchObject({
      endpoint: "https://own",
      secretAccessKey: "s3cret-own",
      region: "eu-central-1",
    });
    expect(own.secrets).toContain("s3cret-own");
  });
});
