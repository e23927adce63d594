import { writeSync } from "node:fs";
import type { Terminal } from "../terminal.ts";
import { keysIn, Scroll } from "./scroll.ts";

/** Alternate screen, without a cursor and without wrapping; and everything as it was before. */
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const LEAVE = "\u001b[?7h\u001b[?25h\u001b[?1049l";

/** A terminal that knows these shows the whole drawing at once; others ignore them. */
const BEGIN = "\u001b[?2026h\u001b[H";
const END = "\u001b[J\u001b[?2026l";

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const CTRL_Z = "\u001a";
const CTRL_L = "\u000c";

/** Where the keys come from; `process.stdin` is such. */
export interface KeyInput {
  readonly isTTY?: boolean | undefined;
  setRawMode?(raw: boolean): unknown;
  on(event: "data", take: (bytes: Uint8Array | string) => void): unknown;
  off(event: "data", take: (bytes: Uint8Array | string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/**
 * The whole screen, drawn over and over, and given back as it was: at the end, at a signal, and when the
 * program crashes. `q`, Ctrl+C and Ctrl+D end it, Ctrl+Z puts it aside, Ctrl+L draws it anew; arrows and
 * pages move what does not fit.
 */
export class LiveScreen {
  /** Aborted when a person, or a signal, asks for the end. */
  readonly stop: AbortSignal;
  readonly #stop = new AbortController();
  readonly #terminal: Terminal;
  readonly #input: KeyInput;
  /** Draws again: the size is another one, or somebody asked. */
  #onRedraw: () => void = () => {};
  #isOpen = false;
  readonly #scroll = new Scroll();

  constructor(terminal: Terminal, input: KeyInput = process.stdin) {
    this.stop = this.#stop.signal;
    this.#terminal = terminal;
    this.#input = input;
  }

  /** Takes the screen. `onRedraw` is called when it has to be drawn at once. */
  open(onRedraw: () => void): void {
    this.#onRedraw = onRedraw;
    process.on("exit", this.#atExit);
    // Before what is wrong is said: on the other screen nobody would see it.
    process.on("uncaughtExceptionMonitor", this.#atExit);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, this.#end);
    process.stdout.on("resize", this.#redraw);
    process.on("SIGCONT", this.#comeBack);
    this.#take();
  }

  /**
   * Shows these lines, or as many of them as fit, and below them the last one.
   *
   * @param lastLine Makes that of what is seen: `lines 1–20 of 88`, or empty when all are.
   */
  draw(lines: readonly string[], lastLine: (place: string) => string): void {
    if (!this.#isOpen) return;
    const { rows } = this.#terminal.printedSize;
    const seen = this.#scroll.show(lines, lines.length + 2 <= rows ? lines.length : rows - 1);
    const gap = seen.place === "" && lines.length + 2 <= rows ? [""] : [];
    const shown = [...seen.lines, ...gap, lastLine(seen.place)].slice(0, Math.max(rows, 1));
    // No line feed behind the last one: it would scroll.
    this.#terminal.draw(`${BEGIN}${shown.map((line) => `${line}\u001b[K`).join("\r\n")}${END}`);
  }

  /** Gives the screen back. May be called twice. */
  close(): void {
    this.#giveBack();
    process.off("exit", this.#atExit);
    process.off("uncaughtExceptionMonitor", this.#atExit);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, this.#end);
    process.stdout.off("resize", this.#redraw);
    process.off("SIGCONT", this.#comeBack);
  }

  #take(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#terminal.draw(ENTER);
    const input = this.#input;
    if (input.isTTY !== true) return;
    input.setRawMode?.(true);
    input.on("data", this.#onKeys);
    input.resume();
  }

  #giveBack(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const input = this.#input;
    if (input.isTTY === true) {
      input.off("data", this.#onKeys);
      input.setRawMode?.(false);
      input.pause();
    }
    this.#terminal.draw(LEAVE);
  }

  readonly #end = (): void => this.#stop.abort();
  readonly #redraw = (): void => this.#onRedraw();

  /** Nothing that waits is written any more when a process ends, so this does not wait. */
  readonly #atExit = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      this.#input.setRawMode?.(false);
      writeSync(1, LEAVE);
    } catch {
      // The terminal is gone: there is nothing to give back.
    }
  };

  readonly #onKeys = (bytes: Uint8Array | string): void => {
    const text = typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes);
    let isMoved = false;
    for (const key of keysIn(text)) {
      if (key === "q" || key === "Q" || key === CTRL_C || key === CTRL_D) return this.#end();
      if (key === CTRL_Z) this.#putAside();
      else if (key === CTRL_L || this.#scroll.take(key)) isMoved = true;
    }
    if (isMoved) this.#redraw();
  };

  #putAside(): void {
    this.#giveBack();
    process.kill(process.pid, "SIGSTOP");
  }

  readonly #comeBack = (): void => {
    this.#take();
    this.#redraw();
  };
}
