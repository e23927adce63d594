import { post } from "../api.ts";
import { h, setText } from "../dom.ts";
import { duration, whole } from "../format.ts";
import { type Icon, icon } from "../icons.ts";
import type { Live } from "../live.ts";
import type { Page } from "../page.ts";
import { button, confirm, Pill, toast, toastFailure } from "../parts.ts";
import { t, type Word } from "../words.ts";

type Action = "pause" | "resume" | "checkpoint" | "backup" | "reload";

const PICTURES: Readonly<Record<Action, Icon>> = {
  pause: "pause",
  resume: "play",
  checkpoint: "flag",
  backup: "save",
  reload: "refresh",
};

/** What an operator may do; each is asked about before it is done. */
export function controlPage(): Page {
  const actions = (["pause", "resume", "checkpoint", "backup", "reload"] as const).map(
    (action) => new ActionCard(action),
  );
  const cards = h("div", { class: "actions" }, ...actions.map(({ element }) => element));
  const note = h("p", { class: "hint" }, t("only_operators"));
  note.hidden = true;
  const state = new Pill();
  const facts = (["version", "uptime", "checkpoint_age", "series_seen", "rows_fired"] as const).map(
    (word) => ({ word, value: h("dd", {}, "—") }),
  );
  return {
    element: h(
      "div",
      { class: "page" },
      h(
        "section",
        { class: "card", "aria-labelledby": "service-title" },
        h(
          "header",
          { class: "card-head" },
          h("h2", { id: "service-title" }, t("service")),
          state.element,
        ),
        h(
          "dl",
          { class: "facts" },
          ...facts.map(({ word, value }) => h("div", {}, h("dt", {}, t(word)), value)),
        ),
      ),
      note,
      cards,
    ),
    update(live) {
      const isViewer = live.you?.role === "viewer";
      note.hidden = !isViewer;
      cards.hidden = isViewer;
      for (const action of actions) action.update(live);
      if (live.status === undefined) return;
      const { version, uptime_seconds, checkpoint_age_seconds, results } = live.status;
      const texts = [
        version,
        duration(uptime_seconds),
        t("ago", { ago: duration(checkpoint_age_seconds) }),
        whole(results.series),
        whole(results.added),
      ];
      for (const [i, { value }] of facts.entries()) setText(value, texts[i]!);
      state.set(toneOf(live.status.state), t(`state_${live.status.state}` as Word));
    },
  };
}

export function toneOf(state: string): "good" | "warn" | "bad" | "calm" {
  if (state === "running") return "good";
  if (state === "failed") return "bad";
  return state === "paused" ? "warn" : "calm";
}

/** One thing at a time asks for attention: what is paused wants to be resumed. */
const KINDS: Readonly<Record<Action, string>> = {
  pause: "warn",
  resume: "primary",
  checkpoint: "plain",
  backup: "plain",
  reload: "plain",
};

class ActionCard {
  readonly element: HTMLElement;
  readonly #action: Action;
  readonly #button: HTMLButtonElement;
  readonly #why = h("p", { class: "hint" });
  #isBusy = false;
  #isPossible = false;

  constructor(action: Action) {
    this.#action = action;
    this.#button = button(t(`do_${action}`), () => void this.#ask(), { kind: KINDS[action] });
    this.element = h(
      "section",
      { class: "card action", "aria-label": t(`do_${action}`), "data-action": action },
      h("span", { class: "action-icon" }, icon(PICTURES[action])),
      h(
        "div",
        { class: "action-body" },
        h("h2", {}, t(`do_${action}`)),
        h("p", {}, t(`${action}_text`)),
        this.#why,
      ),
      this.#button,
    );
  }

  update({ status, connection }: Live): void {
    const isThere = status?.actions.includes(this.#action) === true;
    const isPaused = status?.state === "paused";
    const isUseful =
      this.#action === "pause" ? !isPaused : this.#action === "resume" ? isPaused : true;
    this.#isPossible = isThere && isUseful && connection === "open";
    this.#button.disabled = this.#isBusy || !this.#isPossible;
    const why = isThere
      ? isUseful
        ? undefined
        : t(`${this.#action as "pause" | "resume"}_useless`)
      : t(this.#action === "backup" ? "no_backups" : "not_offered");
    this.#why.hidden = why === undefined;
    setText(this.#why, why ?? "");
  }

  async #ask(): Promise<void> {
    const action = this.#action;
    const isSure = await confirm({
      title: t(`sure_${action}`),
      text: t(`${action}_text`),
      yes: t(`do_${action}`),
      no: t("cancel"),
      kind: action === "pause" ? "warn" : "primary",
    });
    this.#button.focus();
    if (!isSure) return;
    this.#isBusy = true;
    this.#button.disabled = true;
    try {
      await post(`/control/${action}`);
      toast(t(`done_${action}`));
    } catch (failure) {
      toastFailure(failure);
    } finally {
      this.#isBusy = false;
      this.#button.disabled = !this.#isPossible;
    }
  }
}
