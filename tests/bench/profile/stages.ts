/** What a replay does, step by step. */
export const STAGES = [
  { name: "read", about: "the file into one buffer, 256 KiB at a time" },
  { name: "cut", about: "whole lines; the rest is copied to the front" },
  { name: "decode", about: "bytes to columns" },
  { name: "engine", about: "watermark, late test, series, accumulators, firing" },
  { name: "rows", about: "objects with their ids" },
  { name: "write", about: "JSON into a file" },
] as const;

export type StageName = (typeof STAGES)[number]["name"];
