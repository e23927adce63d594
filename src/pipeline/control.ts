/**
 * What an operator may do to a running service besides looking at it. Each call resolves when it is done,
 * and rejects with a reason that can be shown. What is left out, this service cannot do.
 */
export interface ServiceControl {
  /** Stops reading from the source. What is held stays, rows are still delivered. Again: nothing happens. */
  pause(): Promise<void>;
  /** Reads on. */
  resume(): Promise<void>;
  /** Makes a checkpoint now. */
  checkpoint(): Promise<void>;
  /** Makes a backup now. */
  readonly backup?: (() => Promise<void>) | undefined;
  /** Reads the configuration anew, and tells what changed. Rejects with a ConfigError when it is wrong. */
  readonly reload?: () => Promise<unknown>;
}
