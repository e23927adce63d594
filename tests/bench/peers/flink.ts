import { join } from "node:path";
import { cached, HERE, type Peer, step, THREADS, textOf } from "./peer.ts";

const FLINK = "2.3.0";

/** It serialises by reflection. */
const OPENED = ["java.lang", "java.util", "java.time"].flatMap((part) => [
  "--add-opens",
  `java.base/${part}=ALL-UNNAMED`,
]);

export const flink: Peer = {
  name: "Flink SQL",
  configuration: `a stream with windows of event time, one process, parallelism ${THREADS}, no checkpoints`,
  async install({ say }) {
    const inputs = [FLINK, textOf("Flink.java"), textOf("flink.pom.xml")];
    const folder = await cached("flink", inputs, async (cwd) => {
      say("Flink: fetching it from Maven Central");
      const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime"];
      const where = [`-DoutputDirectory=${join(cwd, "jars")}`, `-Dflink.version=${FLINK}`];
      await step(["mvn", "-q", "-B", "-f", join(HERE, "flink.pom.xml"), ...goal, ...where], {
        cwd,
      });
      const classpath = `${join(cwd, "jars")}/*`;
      const source = join(HERE, "Flink.java");
      await step(["javac", "-cp", classpath, "-d", join(cwd, "classes"), source], { cwd });
    });
    const classpath = `${join(folder, "jars")}/*:${join(folder, "classes")}`;
    return {
      version: FLINK,
      command: (input, output) => {
        const run = ["-cp", classpath, "Flink", input, output, String(THREADS)];
        return ["java", "-Xmx2g", ...OPENED, ...run];
      },
    };
  },
};
