import { ScreenText } from "./screen-text.ts";

/** A program on a real pseudo-terminal. */
export interface OnTerminal {
  readonly pid: number;
  /** What a person sees, and how the terminal stands. */
  readonly screen: ScreenText;
  /** Everything that was written to it. */
  readonly written: () => string;
  /** Whether the terminal shows what is typed and hands it over a line at a time, as before a program took it. */
  readonly isCooked: () => boolean;
  /** Resolves when the screen is as wanted: what a program wrote last may come behind its end. */
  waitFor(wanted: (screen: ScreenText) => boolean): Promise<void>;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<number>;
}

/** Bits of `c_lflag`. */
const ECHO = 0o10;
const ICANON = 0o2;

export function onTerminal(
  command: readonly string[],
  options: {
    readonly folder: string;
    readonly columns: number;
    readonly rows: number;
    readonly env?: Readonly<Record<string, string>>;
  },
): OnTerminal {
  const { folder, columns, rows, env = {} } = options;
  const screen = new ScreenText(columns, rows);
  const waiting = new Set<() => void>();
  let written = "";
  const decoder = new TextDecoder();
  const terminal = new Bun.Terminal({
    cols: columns,
    rows,
    data(_, bytes) {
      const text = decoder.decode(bytes, { stream: true });
      written += text;
      screen.write(text);
      for (const look of waiting) look();
    },
  });
  const child = Bun.spawn([...command], {
    cwd: folder,
    env: { TERM: "xterm-256color", ...env },
    terminal,
  });
  return {
    pid: child.pid,
    screen,
    written: () => written,
    isCooked: () => (terminal.localFlags & (ECHO | ICANON)) === (ECHO | ICANON),
    waitFor(wanted) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (!wanted(screen)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
    },
    type: (keys) => void terminal.write(keys),
    resize(nextColumns, nextRows) {
      screen.resize(nextColumns, nextRows);
      terminal.resize(nextColumns, nextRows);
      // The system tells those whose controlling terminal it is; here that is nobody's.
      child.kill("SIGWINCH");
    },
    kill: (signal) => child.kill(signal),
    exited: child.exited,
  };
}
