import { errorAnswer } from "./fields.ts";
import type { AnswerDoc } from "./operation.ts";

/** What is said of an answer that is an error. @param about When it comes, as a sentence. */
export function errorDoc(about: string, example: string): AnswerDoc {
  return { about, schema: errorAnswer, example: { error: example } };
}

/** The header of an answer that may be another one in a moment. */
export const RETRY_AFTER = {
  "Retry-After": "Seconds until it is worth another try.",
} as const;
