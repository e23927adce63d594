import { REFUSAL_REASONS } from "../../../../core/event.ts";
import type { DeadLetterPage } from "../../../../pipeline/view.ts";
import { get, post } from "../api.ts";
import { h, setText, visible } from "../dom.ts";
import { whole } from "../format.ts";
import type { Live } from "../live.ts";
import type { Page } from "../page.ts";
import { button, confirm, emptyState, timeOf, toast, toastFailure } from "../parts.ts";
import { t, type Word } from "../words.ts";

type Letter = DeadLetterPage["dead_letters"][number];

const PAGE = 100;
/** An export ends there: the command line has the rest. */
const EXPORT_MAX = 100_000;
/** By then every browser has begun to read what it saves. */
const REVOKE_MS = 60_000;

/** What was refused, the newest first: why, where it stood, the event itself; and again after a mend. */
export function lettersPage(): Page {
  return new Letters();
}

class Letters implements Page {
  readonly element: HTMLElement;
  readonly #reason: HTMLSelectElement;
  readonly #text: HTMLInputElement;
  readonly #count = h("p", { class: "hint", role: "status" });
  readonly #list = h("ul", { class: "letters", "aria-label": t("dead_letters") });
  readonly #empty = emptyState("check", t("no_letters"), t("no_letters_text"));
  readonly #none = emptyState("search", t("no_letters_found"), t("no_letters_found_text"));
  readonly #more: HTMLButtonElement;
  readonly #replay: HTMLButtonElement;
  readonly #all: HTMLButtonElement;
  readonly #fresh: HTMLButtonElement;
  #letters: Letter[] = [];
  #next: string | null = null;
  #total = -1;
  #loadedAt = -1;
  #loading: AbortController | undefined;

  constructor() {
    this.#reason = h(
      "select",
      { id: "letter-reason", onchange: () => void this.#load() },
      h("option", { value: "" }, t("all_reasons")),
      ...REFUSAL_REASONS.map((reason) =>
        h("option", { value: reason }, t(`reason_${reason}` as Word)),
      ),
    );
    this.#text = h("input", {
      type: "search",
      id: "letter-text",
      placeholder: t("letters_placeholder"),
      dir: "auto",
      oninput: () => this.#show(),
    });
    this.#more = button(t("show_more"), () => void this.#load(this.#next ?? undefined));
    this.#replay = button(t("replay"), () => void this.#replayAll(), { picture: "replay" });
    this.#all = button(t("export"), () => void this.#export(), { picture: "download" });
    this.#fresh = button(t("new_letters"), () => void this.#load(), {
      picture: "refresh",
      kind: "soft",
    });
    this.#fresh.hidden = true;
    this.element = h(
      "div",
      { class: "page" },
      h(
        "section",
        { class: "card", "aria-label": t("dead_letters") },
        h(
          "div",
          { class: "filters" },
          h(
            "div",
            { class: "field" },
            h("label", { for: "letter-reason" }, t("reason")),
            this.#reason,
          ),
          h(
            "div",
            { class: "field grow" },
            h("label", { for: "letter-text" }, t("text")),
            this.#text,
          ),
          h("div", { class: "filter-buttons" }, this.#replay, this.#all),
        ),
        h("div", { class: "letters-head" }, this.#count, this.#fresh),
        this.#list,
        this.#empty,
        this.#none,
        this.#more,
      ),
    );
    this.#empty.hidden = true;
    this.#none.hidden = true;
    this.#more.hidden = true;
    void this.#load();
  }

  close(): void {
    this.#loading?.abort();
  }

  update({ status }: Live): void {
    if (status === undefined) return;
    this.#replay.hidden = !status.actions.includes("replay");
    if (this.#loadedAt < 0) this.#loadedAt = status.dead_letters;
    this.#total = status.dead_letters;
    this.#fresh.hidden = status.dead_letters === this.#loadedAt;
    for (const act of [this.#replay, this.#all]) act.disabled = status.dead_letters === 0;
    this.#count_();
  }

  async #load(after?: string): Promise<void> {
    // An answer to what was asked for before must not come after this one.
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    const query = new URLSearchParams({ order: "newest", limit: String(PAGE) });
    if (this.#reason.value !== "") query.set("reason", this.#reason.value);
    if (after !== undefined) query.set("after", after);
    try {
      const page = await get<DeadLetterPage>(`/dead-letters?${query}`, loading.signal);
      this.#letters =
        after === undefined ? [...page.dead_letters] : [...this.#letters, ...page.dead_letters];
      this.#next = page.next;
      if (after === undefined) this.#loadedAt = this.#total;
      this.#show();
    } catch (failure) {
      if (loading.signal.aborted) return;
      toastFailure(failure);
    }
  }

  #shown(): Letter[] {
    const wanted = this.#text.value.toLowerCase();
    if (wanted === "") return this.#letters;
    return this.#letters.filter((letter) =>
      `${letter.event}\n${letter.detail}\n${letter.at}`.toLowerCase().includes(wanted),
    );
  }

  #show(): void {
    const shown = this.#shown();
    const isFiltered = this.#reason.value !== "" || this.#text.value !== "";
    this.#empty.hidden = shown.length > 0 || isFiltered;
    this.#none.hidden = shown.length > 0 || !isFiltered;
    this.#more.hidden = this.#next === null;
    this.#fresh.hidden = true;
    this.#count_();
    this.#list.replaceChildren(...shown.map(letterItem));
  }

  #count_(): void {
    const shown = this.#shown().length;
    setText(
      this.#count,
      this.#total < 0
        ? ""
        : t("letters_shown", { shown: whole(shown), n: this.#total, total: whole(this.#total) }),
    );
  }

  async #replayAll(): Promise<void> {
    const reason = this.#reason.value;
    const what =
      reason === ""
        ? t("replay_all_text")
        : t("replay_reason_text", { reason: t(`reason_${reason}` as Word) });
    const isSure = await confirm({
      title: t("replay_title"),
      // Else somebody who searched would replay more than is seen.
      text: this.#text.value === "" ? what : `${what} ${t("replay_beyond_text")}`,
      yes: t("replay"),
      no: t("cancel"),
    });
    if (!isSure) return;
    try {
      const answer = await post<Record<string, unknown>>(
        "/dead-letters/replay",
        reason === "" ? {} : { reason },
      );
      const count = Number(answer["replayed"] ?? 0);
      toast(t("replayed_done", { n: count, shown: whole(count) }));
      await this.#load();
    } catch (failure) {
      toastFailure(failure);
    }
  }

  /** What is filtered for, as lines of JSON. */
  async #export(): Promise<void> {
    const lines: string[] = [];
    const reason = this.#reason.value;
    let after: string | null | undefined;
    try {
      do {
        const query = new URLSearchParams({ limit: "1000" });
        if (reason !== "") query.set("reason", reason);
        if (after !== undefined && after !== null) query.set("after", after);
        const page = await get<DeadLetterPage>(`/dead-letters?${query}`);
        for (const letter of page.dead_letters) lines.push(`${JSON.stringify(letter)}\n`);
        after = page.next;
      } while (after !== null && lines.length < EXPORT_MAX);
    } catch (failure) {
      toastFailure(failure);
      return;
    }
    const url = URL.createObjectURL(new Blob(lines, { type: "application/x-ndjson" }));
    const link = h("a", { href: url, download: "dead-letters.ndjson" });
    document.body.append(link);
    link.click();
    link.remove();
    // Some browsers begin to read it only now.
    setTimeout(() => URL.revokeObjectURL(url), REVOKE_MS);
    if (after !== null)
      toast(t("export_cut", { n: lines.length, shown: whole(lines.length) }), "warn");
  }
}

function letterItem({ seq, reason, detail, event, at, received_at }: Letter): HTMLElement {
  return h(
    "li",
    { class: "letter" },
    h(
      "div",
      { class: "letter-head" },
      h("span", { class: "tag reason" }, t(`reason_${reason}` as Word)),
      h("span", { class: "letter-at" }, visible(at)),
      timeOf(received_at),
      h("span", { class: "letter-seq" }, `#${seq}`),
    ),
    h("p", { class: "letter-detail", dir: "auto" }, visible(detail)),
    h(
      "pre",
      {
        class: "letter-event",
        dir: "ltr",
        tabindex: "0",
        role: "group",
        "aria-label": t("event_number", { n: seq, shown: seq }),
      },
      visible(event),
    ),
  );
}
