/** Modes of what holds events, rows or keys: for nobody but the user of the service. */
export const PRIVATE = { folder: 0o700, file: 0o600 } as const;
