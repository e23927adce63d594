import process from "node:process";
import * as v from "valibot";
import { FatalError, messageOf, TransientError } from "../core/errors.ts";
import { defineSource } from "../core/source.ts";
import { StreamReader } from "./streams/stream-reader.ts";
import { UnpackError, unpacked } from "./streams/unpacked.ts";

/** What others may write into this process. */
export const stdin = defineSource({
  name: "stdin",
  summary: "Reads events as NDJSON from standard input, plain or gzip.",
  // Nobody knows whether a pipe that is given again begins anew; who must lose nothing publishes to the bus.
  replay: () => "pipe",
  carriesMetrics: false,
  options: v.strictObject({
    follow: v.pipe(
      v.optional(v.boolean(), false),
      v.description(
        "Whether the service stays up when the input has ended, instead of ending too.",
      ),
    ),
  }),
  example: { follow: true },
  describe: () => "standard input",
  async open(options, context) {
    const input = process.stdin;
    return new StreamReader({
      // A reader that is opened again goes on where the last one stopped.
      chunks: unpacked(input.iterator({ destroyOnReturn: false })),
      skip: 0,
      atEnd: options.follow ? "empty" : "end",
      context,
      fail(thrown) {
        const why = `standard input: ${messageOf(thrown)}`;
        // In the middle of gzip nobody can go on.
        return thrown instanceof UnpackError
          ? new FatalError(`Cannot unpack ${why}`, { cause: thrown })
          : new TransientError(`Cannot read ${why}`, { cause: thrown });
      },
      // An input that nobody reads must not keep the process alive.
      release: () => input.unref?.(),
    });
  },
});
