import { type Child, h, setText, svg } from "./dom.ts";
import { iso, moment } from "./format.ts";
import { type Icon, icon } from "./icons.ts";

export type Tone = "good" | "warn" | "bad" | "calm" | "accent";

/** A word in a colour, which is never the only sign of what it says. */
export class Pill {
  readonly element: HTMLElement;
  readonly #text = h("span");

  constructor(tone: Tone = "calm", text = "") {
    this.element = h(
      "span",
      { class: "pill" },
      h("i", { class: "dot", "aria-hidden": "true" }),
      this.#text,
    );
    this.set(tone, text);
  }

  set(tone: Tone, text: string): void {
    if (this.element.dataset["tone"] !== tone) this.element.dataset["tone"] = tone;
    setText(this.#text, text);
  }
}

export function emptyState(
  picture: Icon,
  title: string,
  text: string,
  ...more: readonly Child[]
): HTMLElement {
  return h(
    "div",
    { class: "empty" },
    h("span", { class: "empty-icon" }, icon(picture)),
    h("p", { class: "empty-title" }, title),
    h("p", { class: "empty-text" }, text),
    ...more,
  );
}

export function card(title: string, ...children: readonly Child[]): HTMLElement {
  return h("section", { class: "card", "aria-label": title }, h("h2", {}, title), ...children);
}

export function timeOf(seconds: number): HTMLElement {
  const exact = iso(seconds);
  return h("time", { datetime: exact, title: exact }, moment(seconds));
}

export function button(
  text: string,
  onclick: () => void,
  {
    picture,
    kind = "plain",
    ...rest
  }: { picture?: Icon; kind?: string } & Record<string, string | boolean | undefined> = {},
): HTMLButtonElement {
  return h(
    "button",
    { type: "button", class: `button ${kind}`, onclick, ...rest },
    picture === undefined ? null : icon(picture),
    h("span", {}, text),
  );
}

const SPARK_WIDTH = 120;
const SPARK_HEIGHT = 32;

/** The course of a number, as a line without axes: beside it stands the number itself. */
export class Spark {
  readonly element: SVGElement;
  readonly #line = svg("path", { class: "spark-line" });
  readonly #area = svg("path", { class: "spark-area" });

  constructor() {
    this.element = svg(
      "svg",
      {
        class: "spark",
        viewBox: `0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`,
        preserveAspectRatio: "none",
        "aria-hidden": "true",
      },
      this.#area,
      this.#line,
    );
  }

  set(values: readonly number[]): void {
    const top = Math.max(...values, 1e-9);
    const step = SPARK_WIDTH / Math.max(values.length - 1, 1);
    const points = values.map((value, i) => {
      const y = SPARK_HEIGHT - 2 - (Math.max(value, 0) / top) * (SPARK_HEIGHT - 4);
      return `${(i * step).toFixed(1)} ${y.toFixed(1)}`;
    });
    const line = points.length < 2 ? "" : `M${points.join("L")}`;
    this.#line.setAttribute("d", line);
    this.#area.setAttribute("d", line === "" ? "" : `${line}V${SPARK_HEIGHT}H0Z`);
  }
}

/** Says a thing at the edge of the page for a while, aloud as well. */
export function toast(text: string, tone: Tone = "good"): void {
  const region = document.getElementById("toasts");
  if (region === null) return;
  const note = h(
    "div",
    { class: "toast", "data-tone": tone },
    icon(tone === "good" ? "check" : "warning"),
    h("span", {}, text),
  );
  region.append(note);
  while (region.childElementCount > 3) region.firstElementChild?.remove();
  setTimeout(() => note.remove(), 6_000);
}

/** What was tried has failed: says why. */
export function toastFailure(failure: unknown): void {
  toast(failure instanceof Error ? failure.message : String(failure), "bad");
}

/** Asks before something is done. Resolves with the answer; Escape is no. */
export function confirm(options: {
  title: string;
  text: string;
  yes: string;
  no: string;
  kind?: string;
}): Promise<boolean> {
  const { title, text, yes, no, kind = "primary" } = options;
  return ask({
    class: "dialog",
    refusal: false,
    content: (end) => [
      h("h2", { id: "dialog-title" }, title),
      h("p", { id: "dialog-text" }, text),
      h(
        "div",
        { class: "dialog-buttons" },
        button(no, () => end(false)),
        button(yes, () => end(true), { kind }),
      ),
    ],
  });
}

/**
 * Shows a dialog until it has an answer.
 *
 * @param options `refusal`: the answer of Escape. `content`: what is shown, with a `dialog-title` and a `dialog-text`;
 * it calls `end` with the answer.
 */
export function ask<Answer>(options: {
  readonly class: string;
  readonly refusal: Answer;
  readonly content: (end: (answer: Answer) => void) => readonly Node[];
}): Promise<Answer> {
  return new Promise((resolve) => {
    const dialog = h("dialog", {
      class: options.class,
      "aria-labelledby": "dialog-title",
      "aria-describedby": "dialog-text",
    });
    const end = (answer: Answer): void => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    dialog.append(...options.content(end));
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      end(options.refusal);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
