import { type FileHandle, open } from "node:fs/promises";

/** A file that texts are appended to; those that come while others are being synced are synced together. */
export class GroupFile {
  readonly #file: FileHandle;
  #waiting: string[] = [];
  #written: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<GroupFile> {
    return new GroupFile(await open(path, "w"));
  }

  /** Resolves when the text is on disk. */
  append(text: string): Promise<void> {
    this.#waiting.push(text);
    this.#next ??= this.#written.then(() => this.#write());
    return this.#next;
  }

  #write(): Promise<void> {
    const texts = this.#waiting;
    this.#waiting = [];
    this.#next = undefined;
    this.#written = this.#file.appendFile(texts.join("")).then(() => this.#file.datasync());
    return this.#written;
  }
}
