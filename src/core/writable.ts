/** A type whose fields may be set: for whoever makes a value of it step by step. */
export type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };
