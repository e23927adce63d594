import { existsSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import { changeEffect, type RuleEffect } from "../pipeline/change-effect.ts";
import { sealOf } from "../state/seal.ts";
import { STATE_FILE } from "../state/state.ts";
import { StoredState } from "../state/stored-state.ts";

/** What a change of settings means for the state on disk: by rule; or why that is not known. */
export type StateEffect =
  | { readonly rules: Readonly<Record<string, RuleEffect>> }
  | { readonly unknown: string };

/** Looks at the state as the last checkpoint left it. Nothing on disk changes, and the service may run. */
export async function effectOf(before: Settings, after: Settings): Promise<StateEffect> {
  const { dir, key } = before.state;
  if (!existsSync(join(dir, STATE_FILE))) return { unknown: `there is none in ${dir} yet` };
  try {
    const stored = StoredState.read({ dir, pipeline: before.name, seal: sealOf(key) });
    try {
      return { rules: changeEffect(before, after, await stored.allPages()) };
    } finally {
      stored.close();
    }
  } catch (failure) {
    return { unknown: messageOf(failure) };
  }
}
