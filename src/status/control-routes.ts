import type { Context } from "hono";
import { ConfigError } from "../core/errors.ts";
import { redact } from "../core/redact.ts";
import type { ServiceControl } from "../pipeline/control.ts";
import { jsonAnswer } from "./json-answer.ts";
import { logDone, logFailed, type OperatorOptions } from "./operator-log.ts";
import type { Route } from "./route.ts";

/** What an operator may do, by the last word of the route. */
export const ACTIONS = ["pause", "resume", "checkpoint", "backup", "reload"] as const;

export type Action = (typeof ACTIONS)[number];

/** What this service can do: those of {@link ACTIONS}, replay of dead letters, and silences. */
export function actionsOf(control: ServiceControl | undefined): (Action | "replay" | "silence")[] {
  return [
    ...ACTIONS.filter((action) => control?.[action] !== undefined),
    ...(control?.replayDeadLetters === undefined ? [] : (["replay"] as const)),
    ...(control?.silenceAlerts === undefined ? [] : (["silence"] as const)),
  ];
}

/**
 * `POST /control/pause` and its like: 200 when it is done, 409 with the reason when it cannot be; 422
 * with the errors of a configuration.
 */
export function controlRoutes(options: OperatorOptions): Route[] {
  const { control, secrets } = options;
  return ACTIONS.map((action) => ({
    method: "POST",
    path: `/control/${action}`,
    role: "operator",
    about: ABOUT[action],
    async answer(c: Context) {
      if (control?.[action] === undefined) {
        return jsonAnswer(c, { error: reasonOf(action) }, 409);
      }
      try {
        const outcome = await control[action]();
        logDone(c, options, { action });
        return jsonAnswer(c, { done: action, ...(outcome === undefined ? {} : { outcome }) });
      } catch (failure) {
        const error = logFailed(c, options, { action, failure });
        if (!(failure instanceof ConfigError)) return jsonAnswer(c, { error }, 409);
        const errors = failure.issues.map((issue) => ({
          ...issue,
          message: redact(issue.message, secrets),
        }));
        return jsonAnswer(c, { error, errors }, 422);
      }
    },
  }));
}

const ABOUT: Readonly<Record<Action, string>> = {
  pause: "reads no more, until it is resumed",
  resume: "reads again",
  checkpoint: "makes a checkpoint now",
  backup: "makes a backup now",
  reload: "reads the configuration anew",
};

function reasonOf(action: Action): string {
  if (action === "backup") return "No backups are configured: set backup.every";
  return `This service cannot ${action}`;
}
