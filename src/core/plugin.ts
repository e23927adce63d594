/**
 * A schema of a component's options, by the Standard Schema specification (version 1): valibot's
 * schemas are such. The core depends on the shape alone, not on the library. `Input` is what a
 * configuration may say, `Output` what the component gets.
 *
 * Two marks, set by `v.metadata({ kind: … })`, tell the configuration what to do with a text:
 * `"path"` is made absolute, from the folder of the configuration on; `"secret"` is never shown.
 */
export interface OptionSchema<Output, Input = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}
