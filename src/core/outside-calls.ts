/** Carries calls out of the process, for parts that hold nothing open: its limits and tries are not theirs. */
export interface OutsideCalls {
  /**
   * Does `work`; while that fails for now, again, a few times.
   *
   * @param limit.action Begins the message of a failure: `Cannot PUT "x" in the bucket "plant"`.
   * @param limit.ms How long one try may take; the signal that `work` gets aborts then.
   * @param limit.signal Ends all of it.
   * @throws {TransientError} It failed too often, or takes too long.
   * @throws Whatever else `work` throws, at once; the reason of `signal` when that aborted.
   */
  call<Result>(
    work: (signal: AbortSignal) => Promise<Result>,
    limit: {
      readonly action: string;
      readonly ms: number;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<Result>;
}
