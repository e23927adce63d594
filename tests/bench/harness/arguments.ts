import { messageOf } from "../../../src/core/errors.ts";

/** @throws {Error} It is none. */
export function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new Error(`Cannot take ${option} "${text}": must be a whole number of at least 1`);
}

/** Runs a command of the bench: 2 for arguments that it cannot take, its help where that is asked for. */
export async function runCommand<Options extends { readonly help: boolean }>(command: {
  /** As it is called: `bun run bench`. */
  readonly line: string;
  readonly help: string;
  /** @throws {Error} It cannot take these arguments; says which and why. */
  readonly optionsOf: (args: readonly string[]) => Options;
  readonly run: (options: Options) => Promise<number>;
}): Promise<number> {
  let options: Options;
  try {
    options = command.optionsOf(process.argv.slice(2));
  } catch (thrown) {
    console.error(`${messageOf(thrown)}\nTry ${command.line} --help`);
    return 2;
  }
  if (!options.help) return await command.run(options);
  console.log(command.help);
  return 0;
}
