/** Where a person sees what goes on: one line that changes on a terminal, else a line for each step. */
export interface Progress {
  say(text: string): void;
  /** Takes away what stands there, so that a table can be printed. */
  clear(): void;
}

const CLEAR_LINE = "\r\u001B[K";

export function openProgress(stream: NodeJS.WriteStream): Progress {
  let last = "";
  return {
    say(text) {
      if (text === last) return;
      last = text;
      if (stream.isTTY) stream.write(`${CLEAR_LINE}${text.slice(0, stream.columns - 1)}`);
      else if (text !== "") stream.write(`${text}\n`);
    },
    clear() {
      if (stream.isTTY) stream.write(CLEAR_LINE);
    },
  };
}
