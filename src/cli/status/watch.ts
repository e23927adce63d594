import { secondsOf } from "../../core/time.ts";
import { realClock } from "../../pipeline/real-clock.ts";
import type { CommandContext } from "../command.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { LineOutput, ReaderGoneError } from "../line-output.ts";
import { LiveScreen } from "../screen/live-screen.ts";
import { timeText } from "../screen/numbers.ts";
import { painter } from "../screen/styles.ts";
import type { ServiceAddress } from "../service-address.ts";
import { stopAtSignal } from "../stop-at-signal.ts";
import { StatusHistory } from "./history.ts";
import { jsonOf, lineOf } from "./lines.ts";
import { isWell, type Look, lookAt } from "./look.ts";
import { renderStatus } from "./render.ts";

/** A look that takes longer is none. */
const LOOK_MS_MAX = 5_000;

interface WatchOptions {
  readonly everyMs: number;
  readonly json: boolean;
  readonly context: CommandContext;
}

/** Looks at a service until somebody asks for the end. The exit code is that of the last look. */
export async function watchStatus(
  address: ServiceAddress,
  options: WatchOptions,
): Promise<ExitCode> {
  const { json, context } = options;
  if (json || !context.terminal.isPrintedToScreen) return await watchLines(address, options);
  return await watchScreen(address, options);
}

async function watchScreen(
  address: ServiceAddress,
  { everyMs, context: { terminal } }: WatchOptions,
): Promise<ExitCode> {
  const screen = new LiveScreen(terminal);
  const history = new StatusHistory();
  const paint = painter(terminal.printsColours);
  let look: Look | undefined;
  const draw = (): void => {
    const { columns } = terminal.printedSize;
    const options = { url: address.base, columns, paint, history };
    const lines = look === undefined ? [`Asking ${address.base}`] : renderStatus(look, options);
    const when = look === undefined ? "" : `, ${timeText(look.at)}`;
    const rest = `every ${everyMs / 1000} s${when}`;
    screen.draw(lines, (place) => {
      const moves = place === "" ? "" : `${place}, ↑ ↓ PgUp PgDn; `;
      return paint(`${moves}q ends, ${rest}`.slice(0, columns), "dim");
    });
  };
  screen.open(draw);
  try {
    draw();
    while (!screen.stop.aborted) {
      look = await lookAt(address, secondsOf(realClock.now()), LOOK_MS_MAX);
      history.add(look);
      draw();
      await realClock.sleep(everyMs, screen.stop);
    }
  } finally {
    screen.close();
  }
  return look !== undefined && isWell(look) ? EXIT.ok : EXIT.failed;
}

async function watchLines(
  address: ServiceAddress,
  { everyMs, json, context: { terminal } }: WatchOptions,
): Promise<ExitCode> {
  const stop = stopAtSignal();
  const history = new StatusHistory();
  const output = LineOutput.toStream(process.stdout, "standard output");
  let look: Look | undefined;
  try {
    while (!stop.aborted) {
      look = await lookAt(address, secondsOf(realClock.now()), LOOK_MS_MAX);
      const rates = history.add(look);
      const line = json ? jsonOf(look, { url: address.base, rates }) : lineOf(look, rates);
      output.add(terminal.redact(line));
      await output.flush("all");
      await realClock.sleep(everyMs, stop);
    }
  } catch (failure) {
    if (!(failure instanceof ReaderGoneError)) throw failure;
  }
  return look !== undefined && isWell(look) ? EXIT.ok : EXIT.failed;
}
