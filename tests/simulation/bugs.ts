import type { Page } from "../../src/core/page.ts";
import type { Settings } from "../../src/core/settings.ts";
import type { Pipeline } from "../../src/pipeline/pipeline.ts";
import type { State } from "../../src/state/state.ts";

/** Mistakes that somebody could make: the simulation has to find each. */
export const BUGS = [
  "acknowledges before it commits",
  "confirms before it writes",
  "forgets a page of the state",
  "keeps no cursor",
  "loses refusals",
  "forgets how far a sink is",
  "stores rows and windows apart",
  "goes on by an old watermark",
  "keeps the letters that it took back",
  "takes letters back apart from their effect",
] as const;

export type Bug = (typeof BUGS)[number];

/** Makes the mistake in the state, before a pipeline has it. */
export function plantInState(bug: Bug | undefined, state: State): void {
  const commit = state.commit.bind(state);
  if (bug === "forgets a page of the state") {
    const pages = state.pages.bind(state);
    state.pages = function* () {
      let isKept = true;
      for (const page of pages()) {
        if (isKept && /^rule\/.*\/pane\//.test(page.key)) isKept = false;
        else yield page;
      }
    };
  } else if (bug === "goes on by an old watermark") {
    let first: Page | undefined;
    state.commit = (checkpoint) => {
      const { remove, put } = checkpoint.pages;
      first ??= put.find(({ key }) => key === "engine");
      const kept = first;
      const old = put.map((page) => (kept !== undefined && page.key === "engine" ? kept : page));
      commit({ ...checkpoint, pages: { remove, put: old } });
    };
  } else if (bug === "keeps no cursor") {
    state.commit = (checkpoint) => commit({ ...checkpoint, cursor: undefined });
  } else if (bug === "loses refusals") {
    state.commit = (checkpoint) =>
      commit({ ...checkpoint, refusals: checkpoint.rows.size > 0 ? [] : checkpoint.refusals });
  } else if (bug === "stores rows and windows apart") {
    state.commit = (checkpoint) => {
      commit({ ...checkpoint, pages: { remove: [], put: [] }, refusals: [] });
      commit({ ...checkpoint, rows: new Map() });
    };
  } else if (bug === "keeps the letters that it took back") {
    state.commit = (checkpoint) => commit({ ...checkpoint, taken: [] });
  } else if (bug === "takes letters back apart from their effect") {
    state.commit = ({ taken = [], ...checkpoint }) => {
      const pages = { remove: [], put: [] };
      const nothing = { pages, cursor: undefined, rows: new Map(), refusals: [], refusedAt: 0 };
      if (taken.length > 0) commit({ ...nothing, taken });
      commit(checkpoint);
    };
  } else if (bug === "confirms before it writes") {
    const { outbox } = state;
    const peek = outbox.peek.bind(outbox);
    outbox.peek = (sink, limit) => {
      const batch = peek(sink, limit);
      state.confirm(sink, batch.through, { refusals: [], refusedAt: 0 });
      return batch;
    };
  }
}

/** Makes the mistake between a pipeline and its sinks. */
export function plantInSettings(bug: Bug | undefined, settings: Settings): Settings {
  if (bug !== "forgets how far a sink is") return settings;
  const sinks = settings.sinks.map((sink) => {
    const open: typeof sink.definition.open = async (options, context, signal) => {
      const writer = await sink.definition.open(options, context, signal);
      return { ...writer, progress: undefined };
    };
    return { ...sink, definition: { ...sink.definition, open } };
  });
  return { ...settings, sinks };
}

/** Makes the mistake in the pipeline, before it runs. */
export function plantInPipeline(bug: Bug | undefined, pipeline: Pipeline): void {
  if (bug !== "acknowledges before it commits") return;
  const { checkpointer } = pipeline;
  const commit = checkpointer.commit.bind(checkpointer);
  let count = 0;
  checkpointer.commit = async (signal) => {
    count++;
    return count % 2 === 0 ? await commit(signal) : pipeline.cursor;
  };
}
