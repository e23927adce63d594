import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { describeWithKafka } from "./kafka.ts";
import { describeWithPostgres, runSql } from "./postgres.ts";
import { answers } from "./service.ts";

// Servers that start, stop and are killed on a machine that does other things too.
setDefaultTimeout(60_000);

await describeWithPostgres("the PostgreSQL of the tests", (server) => {
  test("comes back with its data after kill -9", async () => {
    const url = await server.database();
    await runSql(url, "create table t (a int); insert into t values (1)");
    await server.kill9();
    expect(await answers(server.port)).toBe(false);
    await server.restart();
    expect(await runSql(url, "select a from t")).toEqual([{ a: 1 }]);
  });

  test.each([
    ["ends", ""],
    ["leaves no folder behind that was stopped", "await server.stop();"],
  ])("%s with the process that started it, even one that is killed", async (_, before) => {
    const text = `import { usePostgres } from ${JSON.stringify(`${import.meta.dir}/postgres.ts`)};
      const server = await usePostgres();
      ${before}
      console.log(JSON.stringify([server.port, server.folder]));
      await new Promise(() => setInterval(() => {}, 1000));`;
    const child = Bun.spawn([process.execPath, "-e", text], { stdout: "pipe" });
    const { value } = await child.stdout.getReader().read();
    const [port, folder] = JSON.parse(new TextDecoder().decode(value)) as [number, string];
    expect(await answers(port)).toBe(before === "");
    child.kill("SIGKILL");
    const end = performance.now() + 10_000;
    while (((await answers(port)) || existsSync(folder)) && performance.now() < end) {
      await Bun.sleep(50);
    }
    expect(await answers(port)).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });
});

await describeWithKafka("the Kafka of the tests", (server) => {
  test("is up", async () => {
    const ports = [server.brokers, server.saslBrokers, server.tlsBrokers, server.saslTlsBrokers];
    for (const address of ports) expect(await answers(Number(address.split(":")[1]))).toBe(true);
  });
});
