import type { AlertView } from "../../../../pipeline/view.ts";
import { bdi, h } from "../dom.ts";
import { ask, button } from "../parts.ts";
import { t } from "../words.ts";
import { labelsOf } from "./labels.ts";

/** What the operator wants, as `POST /alerts/silence` takes it. */
export interface SilenceOrder {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly for: string;
  readonly comment: string;
}

const LENGTHS = ["30m", "2h", "8h", "1d", "7d"] as const;

/** As long as the service takes. */
const COMMENT_LENGTH_MAX = 500;

/**
 * Asks how long an alert is to be silent, and why. Resolves with undefined when it is not to be; Escape is no.
 */
export function askSilence(
  alert: Pick<AlertView, "name" | "labels">,
): Promise<SilenceOrder | undefined> {
  return ask<SilenceOrder | undefined>({
    class: "dialog silence-dialog",
    refusal: undefined,
    content: (end) => [silenceForm(alert, end)],
  });
}

function silenceForm(
  { name, labels }: Pick<AlertView, "name" | "labels">,
  end: (order: SilenceOrder | undefined) => void,
): HTMLElement {
  const whole = h("input", { type: "checkbox", id: "silence-whole" });
  const comment = h("input", {
    type: "text",
    id: "silence-comment",
    maxlength: COMMENT_LENGTH_MAX,
    placeholder: t("silence_placeholder"),
    dir: "auto",
  });
  const choices = LENGTHS.map((length, i) => {
    const radio = h("input", {
      type: "radio",
      name: "silence-length",
      id: `silence-${length}`,
      value: length,
      checked: i === 1,
    });
    return { length, radio };
  });
  const hasSeries = Object.keys(labels).length > 0;
  const chosen = (): SilenceOrder => ({
    name,
    labels: whole.checked ? {} : labels,
    for: choices.find(({ radio }) => radio.checked)?.length ?? "2h",
    comment: comment.value.trim(),
  });
  return h(
    "form",
    {
      onsubmit: (event: SubmitEvent) => {
        event.preventDefault();
        end(chosen());
      },
    },
    h("h2", { id: "dialog-title" }, t("silence_title")),
    h("p", { id: "dialog-text" }, t("silence_text")),
    h("p", { class: "silence-what" }, bdi(name, { class: "name" }), labelsOf(labels)),
    h(
      "fieldset",
      { class: "lengths" },
      h("legend", {}, t("silence_length")),
      ...choices.map(({ length, radio }) =>
        h(
          "label",
          { class: "length", for: `silence-${length}` },
          radio,
          h("span", {}, t(`length_${length}`)),
        ),
      ),
    ),
    hasSeries
      ? h(
          "label",
          { class: "check", for: "silence-whole" },
          whole,
          h("span", {}, t("silence_whole")),
        )
      : null,
    h("label", { for: "silence-comment" }, t("silence_comment")),
    comment,
    h(
      "div",
      { class: "dialog-buttons" },
      button(t("cancel"), () => end(undefined)),
      h("button", { type: "submit", class: "button primary" }, t("silence")),
    ),
  );
}
