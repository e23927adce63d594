import { signOut } from "./api.ts";
import { bdi, h, setAttribute, setText } from "./dom.ts";
import { clock } from "./format.ts";
import { type Icon, icon } from "./icons.ts";
import { type Live, reconnect } from "./live.ts";
import type { Page } from "./page.ts";
import { alertsPage } from "./pages/alerts.ts";
import { controlPage, toneOf } from "./pages/control.ts";
import { explorePage } from "./pages/explore.ts";
import { ledgerPage } from "./pages/ledger.ts";
import { lettersPage } from "./pages/letters.ts";
import { attentionOf } from "./pages/notices.ts";
import { overviewPage } from "./pages/overview.ts";
import { sinksPage } from "./pages/sinks.ts";
import { button, emptyState, Pill, toastFailure } from "./parts.ts";
import { setTheme, type Theme, theme } from "./preferences.ts";
import { signInForm } from "./sign-in.ts";
import { language, setLanguage, t, type Word } from "./words.ts";

interface Place {
  readonly path: string;
  readonly word: Word;
  /** Fits below a picture on a phone. */
  readonly short: Word;
  readonly picture: Icon;
  readonly make: (query: URLSearchParams) => Page;
}

const PLACES: readonly Place[] = [
  { path: "", word: "overview", short: "overview_short", picture: "overview", make: overviewPage },
  {
    path: "explore",
    word: "explore",
    short: "explore_short",
    picture: "explore",
    make: explorePage,
  },
  { path: "ledger", word: "ledger", short: "ledger_short", picture: "ledger", make: ledgerPage },
  {
    path: "dead-letters",
    word: "dead_letters",
    short: "dead_letters_short",
    picture: "letters",
    make: lettersPage,
  },
  {
    path: "sinks",
    word: "source_and_sinks",
    short: "sinks_short",
    picture: "sinks",
    make: sinksPage,
  },
  { path: "alerts", word: "alerts", short: "alerts_short", picture: "alerts", make: alertsPage },
  {
    path: "control",
    word: "control",
    short: "control_short",
    picture: "control",
    make: controlPage,
  },
];

const THEMES: readonly { theme: Theme; picture: Icon; word: Word }[] = [
  { theme: "auto", picture: "auto", word: "theme_auto" },
  { theme: "light", picture: "sun", word: "theme_light" },
  { theme: "dark", picture: "moon", word: "theme_dark" },
];

/** The frame around the pages: where one is, how the service is, and the way elsewhere. */
export class Shell {
  readonly element: HTMLElement;
  readonly #onRebuild: () => void;
  readonly #main = h("main", { id: "main", tabindex: "-1" });
  readonly #title = h("h1", {}, "");
  readonly #name = bdi("", { class: "pipeline-name" });
  readonly #state = new Pill();
  readonly #wall = h("span", { class: "wall" });
  readonly #links = new Map<string, HTMLAnchorElement>();
  readonly #badges = new Map<string, HTMLElement>();
  readonly #banner = h("div", { class: "banner", role: "status" });
  readonly #who = h("div", { class: "who" });
  readonly #gate = h("div", { class: "gate" });
  /** Somebody has signed in, and the page is not there yet. */
  #isToFocus = false;
  #place: Place | undefined;
  #page: Page | undefined;
  #live: Live;

  constructor(live: Live, onRebuild: () => void) {
    this.#live = live;
    this.#onRebuild = onRebuild;
    this.element = h(
      "div",
      { class: "shell" },
      h(
        "a",
        { class: "skip", href: "#main", onclick: (event: MouseEvent) => this.#skip(event) },
        t("skip"),
      ),
      this.#sidebar(),
      h(
        "div",
        { class: "body" },
        h(
          "header",
          { class: "top" },
          this.#title,
          h("div", { class: "top-state" }, this.#name, this.#state.element, this.#wall),
          this.#who,
          this.#switches(),
        ),
        this.#banner,
        this.#gate,
        this.#main,
      ),
      h("div", { id: "toasts", class: "toasts", role: "status", "aria-live": "polite" }),
    );
    this.#banner.hidden = true;
    this.#gate.hidden = true;
    this.#who.hidden = true;
    this.go();
  }

  /** Shows the page that the address names. */
  go(isMove = false): void {
    const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
    const place = PLACES.find((one) => one.path === path) ?? PLACES[0]!;
    this.#page?.close?.();
    this.#place = place;
    this.#page = place.make(new URLSearchParams(query));
    this.#main.replaceChildren(this.#page.element);
    setText(this.#title, t(place.word));
    for (const [key, link] of this.#links) {
      setAttribute(link, "aria-current", key === place.path ? "page" : undefined);
    }
    this.update(this.#live);
    if (isMove) {
      window.scrollTo(0, 0);
      this.#main.focus({ preventScroll: true });
    }
  }

  update(live: Live): void {
    this.#live = live;
    const { status, connection } = live;
    document.title = `${t(this.#place!.word)} · ${status?.name ?? "Aggregator"}`;
    setText(this.#name, status?.name ?? "");
    if (connection === "open" && status !== undefined)
      this.#state.set(toneOf(status.state), t(`state_${status.state}` as Word));
    else
      this.#state.set(
        connection === "lost" ? "bad" : "calm",
        t(`connection_${connection}` as Word),
      );
    setText(this.#wall, status === undefined ? "" : clock(status.now));
    this.#showWho(live);
    this.#showBadges(live);
    this.#showBanner(live);
    this.#showGate(live);
    this.#page?.update(live);
  }

  close(): void {
    this.#page?.close?.();
  }

  #skip(event: MouseEvent): void {
    // The part behind # names the page here.
    event.preventDefault();
    this.#main.focus();
  }

  #sidebar(): HTMLElement {
    return h(
      "nav",
      { class: "side", "aria-label": t("pages") },
      h(
        "p",
        { class: "brand" },
        h("img", { src: "/assets/icon.svg", alt: "", width: 28, height: 28 }),
        h("span", {}, "Aggregator"),
      ),
      h(
        "ul",
        {},
        ...PLACES.map(({ path, word, short, picture }) => {
          const badge = h("span", { class: "badge" });
          badge.hidden = true;
          const link = h(
            "a",
            { href: `#/${path}` },
            icon(picture),
            h("span", { class: "nav-long" }, t(word)),
            h("span", { class: "nav-short", "aria-hidden": "true" }, t(short)),
            badge,
          );
          this.#links.set(path, link);
          this.#badges.set(path, badge);
          return h("li", {}, link);
        }),
      ),
    );
  }

  #switches(): HTMLElement {
    const languages = (["en", "ru"] as const).map((one) =>
      h(
        "button",
        {
          type: "button",
          class: "segment",
          lang: one,
          "aria-pressed": String(language() === one),
          "aria-label": one === "en" ? "EN, English" : "RU, Русский",
          onclick: () => {
            setLanguage(one);
            this.#onRebuild();
          },
        },
        one.toUpperCase(),
      ),
    );
    const themes = THEMES.map(({ theme: one, picture, word }) =>
      h(
        "button",
        {
          type: "button",
          class: "segment",
          "aria-pressed": String(theme() === one),
          "aria-label": t(word),
          title: t(word),
          onclick: () => {
            setTheme(one);
            this.#onRebuild();
          },
        },
        icon(picture),
      ),
    );
    return h(
      "div",
      { class: "switches" },
      h("div", { class: "segments", role: "group", "aria-label": t("language") }, ...languages),
      h("div", { class: "segments", role: "group", "aria-label": t("theme") }, ...themes),
    );
  }

  /** Who is signed in, and the way out. On the machine itself everybody is let in. */
  #showWho({ you }: Live): void {
    const isShown = you !== undefined && you.via !== "loopback";
    this.#who.hidden = !isShown;
    const key = isShown ? `${you.via} ${you.role} ${you.name}` : "";
    if (this.#who.dataset["shows"] === key) return;
    this.#who.dataset["shows"] = key;
    if (!isShown) return this.#who.replaceChildren();
    const said = t("signed_in_as", { name: you.name, role: t(`role_${you.role}`) });
    this.#who.replaceChildren(
      h(
        "span",
        { class: "who-name", title: said },
        // A token that was made at the first start is called like its role.
        you.name === you.role ? null : bdi(you.name),
        h("span", { class: "tag" }, t(`role_${you.role}`)),
      ),
      // A certificate is the browser's: there is nothing to sign out of.
      ...(you.via === "session"
        ? [
            h(
              "button",
              {
                type: "button",
                class: "icon-button",
                "aria-label": t("sign_out"),
                title: t("sign_out"),
                onclick: () => void this.#signOut(),
              },
              icon("leave"),
            ),
          ]
        : []),
    );
  }

  #signedIn(): void {
    reconnect();
    // What the page asked for before was refused.
    this.go();
    this.#isToFocus = true;
  }

  async #signOut(): Promise<void> {
    try {
      await signOut();
    } catch (failure) {
      return toastFailure(failure);
    }
    reconnect();
  }

  #showBadges(live: Live): void {
    const counts: Record<string, number> = {
      alerts: attentionOf(live),
      "dead-letters": live.status?.dead_letters ?? 0,
    };
    for (const [path, count] of Object.entries(counts)) {
      const badge = this.#badges.get(path)!;
      badge.hidden = count === 0;
      setText(badge, count > 999 ? "999+" : String(count));
      setAttribute(badge, "data-tone", path === "alerts" ? "bad" : "calm");
    }
  }

  /** The line is cut: what is shown is old, and it says so. */
  #showBanner({ connection, status, retryAt }: Live): void {
    const isOld = status !== undefined && connection !== "open" && connection !== "denied";
    this.element.classList.toggle("stale", isOld);
    this.#banner.hidden = !isOld;
    if (!isOld) return;
    const text =
      connection === "lost"
        ? t("lost", {
            seconds: Math.max(Math.ceil((retryAt - Date.now()) / 1000), 0),
            at: clock(status.now),
          })
        : t("trying");
    if (this.#banner.childElementCount === 0) {
      this.#banner.append(
        icon("unplug"),
        h("span", { class: "banner-text" }),
        button(t("try_now"), reconnect, { kind: "soft" }),
      );
    }
    setText(this.#banner.querySelector(".banner-text")!, text);
  }

  /** Before anything is known: why there is nothing to see yet. */
  #showGate({ connection, status }: Live): void {
    const wanted = connection === "denied" ? "denied" : status === undefined ? connection : "";
    this.#gate.hidden = wanted === "";
    this.#main.hidden = wanted !== "";
    if (this.#gate.dataset["shows"] === wanted) return;
    this.#gate.dataset["shows"] = wanted;
    if (wanted === "" && this.#isToFocus) {
      // The field that had the focus is gone.
      this.#isToFocus = false;
      this.#main.focus({ preventScroll: true });
    }
    if (wanted === "denied") {
      this.#gate.replaceChildren(signInForm(() => this.#signedIn()));
      // There is nothing else to do here, unless somebody does it already.
      if (document.activeElement === document.body) this.#gate.querySelector("input")?.focus();
    } else if (wanted === "lost")
      this.#gate.replaceChildren(
        emptyState(
          "unplug",
          t("not_reached"),
          t("not_reached_text"),
          button(t("try_now"), reconnect, { kind: "primary" }),
        ),
      );
    else if (wanted !== "") this.#gate.replaceChildren(skeleton());
    else this.#gate.replaceChildren();
  }
}

function skeleton(): HTMLElement {
  const bones = Array.from({ length: 5 }, () => h("div", { class: "bone" }));
  return h(
    "div",
    { class: "skeleton", role: "status", "aria-label": t("connection_connecting") },
    ...bones,
  );
}
