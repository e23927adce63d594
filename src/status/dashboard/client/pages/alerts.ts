import type { AlertReport, AlertView, Silence } from "../../../../pipeline/view.ts";
import { get, post } from "../api.ts";
import { h, KeyedList } from "../dom.ts";
import { moment } from "../format.ts";
import type { Live } from "../live.ts";
import type { Page } from "../page.ts";
import { confirm, emptyState, Pill, toast, toastFailure } from "../parts.ts";
import { t } from "../words.ts";
import { historyCard, notifiersCard, rulesCard, silencesCard } from "./alert-cards.ts";
import { AlertItem, noticeItem } from "./alert-item.ts";
import { noticesOf } from "./notices.ts";
import { askSilence } from "./silence-dialog.ts";

/** What is not in the stream is asked for when an alert changes, and so often. */
const REFRESH_MS = 10_000;

/** What fires and is pending, what was resolved, what is silenced, what is watched, and who is told. */
export function alertsPage(): Page {
  return new Alerts();
}

class Alerts implements Page {
  readonly element: HTMLElement;
  readonly #list = h("ul", { class: "alerts", "aria-label": t("alerts_now") });
  readonly #items: KeyedList<AlertView>;
  readonly #empty = emptyState("check", t("no_alerts"), t("no_alerts_text"));
  readonly #counts = new Pill();
  readonly #notices = h("ul", { class: "notices", "aria-label": t("parts_troubled") });
  readonly #noticesCard: HTMLElement;
  readonly #more = h("div", { class: "alert-more" });
  readonly #timer: ReturnType<typeof setInterval>;
  #canSilence = false;
  #now = 0;
  #shownNotices = "";
  #shownReport = "";
  #report: AlertReport | undefined;
  #known = "";

  constructor() {
    const order = (alert: AlertView): void => void this.#silence(alert);
    this.#items = new KeyedList<AlertView>(this.#list, (alert) => {
      return new AlertItem(alert, {
        silence: order,
        now: () => this.#now,
        can: () => this.#canSilence,
      });
    });
    this.#noticesCard = h(
      "section",
      { class: "card", "aria-label": t("parts_troubled") },
      h("h2", {}, t("parts_troubled")),
      this.#notices,
    );
    this.element = h(
      "div",
      { class: "page" },
      h(
        "section",
        { class: "card", "aria-labelledby": "alerts-now" },
        h(
          "header",
          { class: "card-head" },
          h("h2", { id: "alerts-now" }, t("alerts_now")),
          this.#counts.element,
        ),
        this.#list,
        this.#empty,
      ),
      this.#noticesCard,
      this.#more,
    );
    void this.#load();
    this.#timer = setInterval(() => void this.#load(), REFRESH_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  update(live: Live): void {
    const { status } = live;
    if (status === undefined) return;
    const { alerts, actions, now } = status;
    this.#now = now;
    const canSilence = actions.includes("silence");
    const isOther = canSilence !== this.#canSilence;
    this.#canSilence = canSilence;
    if (isOther && this.#report !== undefined) this.#show(this.#report);
    this.#items.update(alerts, ({ name, labels }) => JSON.stringify([name, labels]));
    const firing = alerts.filter(({ state }) => state === "firing").length;
    const notices = noticesOf(live);
    this.#empty.hidden = alerts.length + notices.length > 0;
    this.#counts.element.hidden = alerts.length === 0;
    const worst = alerts.some(({ state, severity }) => state === "firing" && severity !== "info");
    const pending = alerts.length - firing;
    this.#counts.set(worst ? "bad" : "warn", t("alert_counts", { firing, pending }));
    this.#showNotices(notices);
    const known = JSON.stringify(
      alerts.map(({ name, state, labels, silenced }) => [name, state, labels, silenced]),
    );
    if (known === this.#known) return;
    const isFirst = this.#known === "";
    this.#known = known;
    if (!isFirst) void this.#load();
  }

  #showNotices(notices: ReturnType<typeof noticesOf>): void {
    this.#noticesCard.hidden = notices.length === 0;
    const state = JSON.stringify(notices);
    if (state === this.#shownNotices) return;
    this.#shownNotices = state;
    this.#notices.replaceChildren(...notices.map(noticeItem));
  }

  async #load(): Promise<void> {
    try {
      this.#report = await get<AlertReport>("/alerts");
      this.#show(this.#report);
    } catch (failure) {
      // While the line is cut the page says so, and the next try is near.
      if (this.#shownReport === "") toastFailure(failure);
    }
  }

  #show(report: AlertReport): void {
    const { silences, resolved, rules, notifiers } = report;
    const state = JSON.stringify([silences, resolved, rules, notifiers, this.#canSilence]);
    // Whoever reads a table, or is in it by the keyboard, is not disturbed for nothing.
    if (state === this.#shownReport) return;
    this.#shownReport = state;
    const end = this.#canSilence ? (one: Silence): void => void this.#unsilence(one) : undefined;
    this.#more.replaceChildren(
      ...(silences.length === 0 ? [] : [silencesCard(silences, end)]),
      historyCard(resolved),
      rulesCard(rules),
      notifiersCard(notifiers, this.#canSilence ? (name) => void this.#test(name) : undefined),
    );
  }

  async #silence(alert: AlertView): Promise<void> {
    const order = await askSilence(alert);
    if (order === undefined) return;
    await this.#act(() => post("/alerts/silence", order), t("silence_done"));
  }

  async #unsilence({ id, name, until }: Silence): Promise<void> {
    const isSure = await confirm({
      title: t("unsilence_title"),
      text: `${name}: ${t("silence_ends", { time: moment(until) })}. ${t("unsilence_text")}`,
      yes: t("unsilence"),
      no: t("cancel"),
    });
    if (isSure) await this.#act(() => post("/alerts/unsilence", { id }), t("unsilence_done"));
  }

  async #test(name: string): Promise<void> {
    const isSure = await confirm({
      title: t("notifier_test_title"),
      text: t("notifier_test_text", { name }),
      yes: t("notifier_test"),
      no: t("cancel"),
    });
    if (!isSure) return;
    await this.#act(() => post("/alerts/test", { notifier: name }), t("notifier_tested", { name }));
  }

  async #act(work: () => Promise<unknown>, done: string): Promise<void> {
    try {
      await work();
      toast(done);
    } catch (failure) {
      toastFailure(failure);
    }
    await this.#load();
  }
}
