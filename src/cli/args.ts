/** Arguments that several commands share, so that they are named and explained alike. */

export const configArg = {
  type: "string",
  alias: "c",
  valueHint: "file",
  description: "The configuration. Default: aggregator.config.ts here, else the environment alone",
} as const;

export const jsonArg = {
  type: "boolean",
  description: "Print JSON, for programs",
} as const;
