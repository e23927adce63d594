import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AwsClient } from "aws4fetch";
import { FatalError, TransientError } from "../../../src/core/errors.ts";
import { silentLogger } from "../../../src/core/logger.ts";
import { GuardedCalls } from "../../../src/pipeline/guarded-calls.ts";
import { measureFile } from "../../../src/state/backup/files.ts";
import { locateBackup } from "../../../src/state/backup/locate.ts";
import type { Manifest } from "../../../src/state/backup/manifest.ts";
import { restoreBackup } from "../../../src/state/backup/restore.ts";
import { S3Target } from "../../../src/state/backup/s3-target.ts";
import { takeBackup } from "../../../src/state/backup/take.ts";
import { verifyBackup } from "../../../src/state/backup/verify.ts";
import { openJournal } from "../../../src/state/journal.ts";
import { keySeal } from "../../../src/state/seal.ts";
import { describeWithS3 } from "../../services/s3.ts";
import { installExecutable } from "../../support/executable.ts";
import { contentOf, fillState, openKept } from "../../support/kept-state.ts";
import { rejectionOf } from "../../support/rejection.ts";
import { realClock } from "../../support/source-reading.ts";

setDefaultTimeout(120_000);

const seal = keySeal(new Uint8Array(32).fill(7));

let base: string;
let dir: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "s3-"));
  dir = join(base, "state");
});

afterEach(() => rm(base, { recursive: true, force: true }));

async function make() {
  const log = await openJournal({
    folder: join(dir, "bus/events"),
    clock: realClock,
    logger: silentLogger,
    bytesMax: 1e8,
    retentionMs: 1e9,
    reader: "none",
    seal,
  });
  await log.append(new TextEncoder().encode("needle\n".repeat(400)), 400);
  await log.close();
  const state = openKept(dir, seal);
  fillState(state);
  const content = contentOf(state);
  state.close();
  return content;
}

/** The way out to a bucket, with pauses as in life. */
function callsOf(): GuardedCalls {
  return new GuardedCalls({
    label: "the bucket",
    clock: realClock,
    logger: silentLogger,
    random: Math.random,
  });
}

function take(target: S3Target, now = new Date()) {
  return takeBackup({ dir, target, now, seal, journal: "bus/events" });
}

await describeWithS3("backups in a bucket", (server) => {
  async function targetIn(prefix: string, partBytes?: number): Promise<S3Target> {
    const url = `s3://${await server.bucket()}${prefix}`;
    const parts = partBytes === undefined ? {} : { partBytes };
    return new S3Target(url, server.settings, { calls: callsOf(), ...parts });
  }

  test.each(["", "/", "/a b/größe+1/"])("go there and come back, below %j", async (prefix) => {
    const content = await make();
    const target = await targetIn(prefix);
    const { name } = await take(target);
    expect(await target.list()).toEqual([name]);
    const backup = await locateBackup(target, "plant-7");
    expect(await verifyBackup(target, { backup, seal })).toMatchObject({ events: 400 });
    const to = join(base, "restored");
    const now = new Date();
    await restoreBackup({ target, backup, dir: to, force: false, now, seal });
    const state = openKept(to, seal);
    expect(contentOf(state).pages).toEqual(content.pages);
    state.close();
    // Nothing stays where it was made.
    expect(await stat(join(dir, "backup-spool")).catch(() => "gone")).toBe("gone");
    const url = `${target.place.replace(/\/$/, "")}/${name}`;
    const one = new S3Target(url, server.settings, { calls: callsOf() });
    expect((await locateBackup(one, "plant-7")).name).toBe("");
  });

  test("are taken away one by one, and half ones do not count", async () => {
    await make();
    const target = await targetIn("/kept");
    const names: string[] = [];
    for (const at of [1e12, 2e12, 3e12]) names.push((await take(target, new Date(at))).name);
    await target.remove(names[0]!);
    expect(await target.list()).toEqual(names.slice(1));
    expect(await target.manifest(names[0]!)).toBeUndefined();
    expect((await rejectionOf(locateBackup(target, "other"))).message).toContain("Cannot find");
  });

  test("half ones are told, and taken away with their parts", async () => {
    await make();
    const target = await targetIn("/kept");
    const { name } = await take(target, new Date(1e12));
    const half = "plant-7-20200101T000000.000Z";
    // What a process that was killed between two parts has sent.
    const { endpoint = "", accessKeyId = "", secretAccessKey = "" } = server.settings;
    const raw = new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region: "us-east-1" });
    const place = `${endpoint}/${target.place.replace("s3://", "")}/${half}`;
    await raw.fetch(`${place}/state.sqlite`, { method: "PUT", body: "x" });
    await raw.fetch(`${place}/bus/events/0.journal?uploads`, { method: "POST" });
    const bucket = place.replace(/\/kept\/.*/, "");
    const uploads = async (): Promise<string> =>
      await (await raw.fetch(`${bucket}?uploads`)).text();
    expect(await uploads()).toContain(half);
    expect(await target.list()).toEqual([name]);
    expect(await target.halves()).toEqual([half]);
    await target.remove(half);
    expect(await target.halves()).toEqual([]);
    expect(await uploads()).not.toContain(half);
    expect(await target.list()).toEqual([name]);
  });

  test("large files go in parts", async () => {
    const folder = join(base, "files");
    const path = join(base, "files/large");
    await make();
    await Bun.write(path, crypto.getRandomValues(new Uint8Array(65_536)));
    const bytes = new Uint8Array(11 * 1024 * 1024 + 7).map((_, i) => i * 31 + (i >> 8));
    await writeFile(path, bytes);
    const file = { path: "large", ...(await measureFile(path)) };
    const manifest: Manifest = {
      format: 1,
      pipeline: "plant-7",
      share: "0/1",
      lineage: "",
      takenAt: "",
      seal: "plain",
      cursor: null,
      journal: null,
      files: [file],
    };
    const target = await targetIn("", 5 * 1024 * 1024);
    await target.publish("x", { folder, manifest });
    await target.fetch("x", { folder: join(base, "back"), manifest });
    expect(await measureFile(join(base, "back/large"))).toEqual({
      size: file.size,
      sha256: file.sha256,
    });
  });

  test("tell what is wrong", async () => {
    await make();
    const { settings } = server;
    const calls = callsOf();
    const none = new S3Target("s3://not-there/x", settings, { calls });
    const failure = await rejectionOf(take(none));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure.message).toMatch(/^Cannot PUT "x\/plant-7-.*\/state\.sqlite" in .*NoSuchBucket/);
    const nobody = { ...settings, endpoint: "http://127.0.0.1:1" };
    const away = new S3Target("s3://any/x", nobody, { calls });
    expect(await rejectionOf(away.list())).toBeInstanceOf(TransientError);
    const stranger = { ...settings, secretAccessKey: undefined };
    expect(() => new S3Target("s3://any", stranger, { calls })).toThrow(
      "set AWS_ACCESS_KEY_ID and AWS_SECRET",
    );
    expect(() => new S3Target("s3://", settings, { calls })).toThrow("must be s3://bucket/prefix");
  });

  test("are made by the command, with what the environment says", async () => {
    await using aggregator = await installExecutable();
    await make();
    const { endpoint = "", accessKeyId = "", secretAccessKey = "" } = server.settings;
    const env = {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      STATE_DIR: dir,
      STATE_KEY: "07".repeat(32),
    };
    await writeFile(
      join(aggregator.folder, "aggregator.config.ts"),
      'export default { name: "plant-7" };',
    );
    const url = `s3://${await server.bucket()}/plant`;
    const made = await aggregator.run(["backup", url], { env });
    expect(made).toMatchObject({ code: 0, stderr: "" });
    const verified = await aggregator.run(["backup", "--verify", url], { env });
    expect(verified.stdout).toContain("journal       400 events");
    const restored = await aggregator.run(["restore", url, "--to", "again"], { env });
    expect(restored.stdout).toContain("outbox        130 rows");
    const { AWS_SECRET_ACCESS_KEY: _, ...without } = env;
    expect((await aggregator.run(["backup", url], { env: without })).stderr).toContain(
      "without credentials",
    );
  });
});
