import type { GenericSchema } from "valibot";
import type { QuerySchema } from "./query.ts";

/** A body that a route takes. */
export interface BodyDoc {
  /** Of these media types; which one it is shows in the body itself. */
  readonly types: readonly string[];
  readonly about: string;
  readonly schema: GenericSchema;
  readonly example: unknown;
  readonly isRequired: boolean;
}

/** One answer of a route. */
export interface AnswerDoc {
  /** When it comes, as a sentence. */
  readonly about: string;
  /** Its media type: JSON where a schema is given, unless this says otherwise. */
  readonly type?: string;
  /** Others that it may have, as the client accepts. */
  readonly alsoTypes?: readonly string[];
  /** Left out: bytes of the type, or no body where none is given either. */
  readonly schema?: GenericSchema;
  readonly example?: unknown;
  /** Names, and what they say. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * What the document of the interface says of a route beside its declaration. Answers that follow from the
 * role and the method (401, 403, 413, 500) are added.
 */
export interface OperationDoc {
  /** The chapter that it stands in. */
  readonly tag: string;
  /** More than the line of the declaration; markdown. */
  readonly about?: string;
  readonly query?: QuerySchema;
  readonly body?: BodyDoc;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<number, AnswerDoc>>;
}

/** By method and path: `GET /status`. */
export type OperationDocs = Readonly<Record<string, OperationDoc>>;
