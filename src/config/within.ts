import * as v from "valibot";
import { explain, NO_VALUE } from "./explain.ts";
import type { Path } from "./path-text.ts";

/** How a transformation of valibot reports, and a check. */
export type AddIssue = (issue: {
  readonly message: string;
  readonly input?: unknown;
  readonly expected?: string;
  path?: [v.IssuePathItem, ...v.IssuePathItem[]];
}) => void;

/**
 * Checks a part of the configuration by a schema of its own from within a transformation: its issues
 * become those of the transformation, already in our words. Undefined: there were some.
 */
export function parseWithin<Output>(
  schema: v.GenericSchema<unknown, Output>,
  part: { readonly input: unknown; readonly path: Path; readonly addIssue: AddIssue },
): { readonly output: Output } | undefined {
  const result = v.safeParse(schema, part.input);
  if (result.success) return { output: result.output };
  for (const issue of result.issues) {
    for (const fault of explain(issue, { schema, input: part.input })) {
      const items = pathItems([...part.path, ...fault.path]);
      part.addIssue({
        message: fault.message,
        input: fault.value,
        ...(fault.expected === null ? {} : { expected: fault.expected }),
        ...(items === undefined ? {} : { path: items }),
      });
    }
  }
  return undefined;
}

/** Reports something that is not about a value but about a place. */
export function reportPlace(addIssue: AddIssue, path: Path, message: string): void {
  const items = pathItems(path);
  addIssue({ message, input: NO_VALUE, ...(items === undefined ? {} : { path: items }) });
}

function pathItems(path: Path): [v.IssuePathItem, ...v.IssuePathItem[]] | undefined {
  const items = path.map(
    (key): v.UnknownPathItem => ({
      type: "unknown",
      origin: "value",
      input: undefined,
      key,
      value: undefined,
    }),
  );
  // As long as the path.
  return items.length === 0 ? undefined : (items as [v.IssuePathItem, ...v.IssuePathItem[]]);
}
