import { AnswerError, signIn } from "./api.ts";
import { h, setText } from "./dom.ts";
import { icon } from "./icons.ts";
import { t } from "./words.ts";

/** Asks who has to sign in for a token. @param onSignedIn Called when it was the right one. */
export function signInForm(onSignedIn: () => void): HTMLElement {
  const input = h("input", {
    type: "password",
    id: "token",
    autocomplete: "current-password",
    required: true,
    spellcheck: "false",
    "aria-describedby": "token-fault",
  });
  const fault = h("p", { id: "token-fault", class: "fault", role: "alert" });
  fault.hidden = true;
  const submit = h("button", { type: "submit", class: "button primary" }, t("sign_in"));
  const send = async (): Promise<void> => {
    submit.disabled = true;
    fault.hidden = true;
    try {
      await signIn(input.value.trim());
      onSignedIn();
    } catch (failure) {
      setText(fault, faultOf(failure));
      fault.hidden = false;
      input.select();
      input.focus();
    } finally {
      submit.disabled = false;
    }
  };
  return h(
    "form",
    {
      class: "card token",
      onsubmit: (event: SubmitEvent) => {
        event.preventDefault();
        void send();
      },
    },
    h("span", { class: "empty-icon" }, icon("lock")),
    h("h2", {}, t("token_title")),
    h("p", {}, t("token_text")),
    h("label", { for: "token" }, t("token")),
    input,
    fault,
    submit,
  );
}

function faultOf(failure: unknown): string {
  if (!(failure instanceof AnswerError)) return String(failure);
  if (failure.status === 401) return t("token_wrong");
  if (failure.status === 403) return t("token_not_for_pages");
  return failure.status === 429 ? t("token_slow") : failure.message;
}
