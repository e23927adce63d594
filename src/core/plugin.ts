/**
 * A schema of a component's options, by the Standard Schema specification (version 1): valibot's
 * schemas are such. The core depends on the shape alone, not on the library.
 */
export interface OptionSchema<Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly output: Output } | undefined;
  };
}
