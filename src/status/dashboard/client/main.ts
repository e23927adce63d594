import { follow, live, onChange } from "./live.ts";
import { applyTheme } from "./preferences.ts";
import { Shell } from "./shell.ts";
import { language } from "./words.ts";

let shell: Shell | undefined;

/** Other words or another theme: everything is made anew, which takes some milliseconds. */
function build(): void {
  const active = document.activeElement?.getAttribute("aria-label");
  document.documentElement.lang = language();
  applyTheme();
  shell?.close();
  shell = new Shell(live, build);
  document.getElementById("app")!.replaceChildren(shell.element);
  // Whoever pressed a button by the keyboard is still at it.
  const same = [...document.querySelectorAll<HTMLElement>("[aria-label]")].find(
    (node) => node.getAttribute("aria-label") === active,
  );
  if (active !== null && active !== undefined) same?.focus();
}

build();
addEventListener("hashchange", () => shell?.go(true));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build);
onChange((now) => shell?.update(now));
document.addEventListener("keydown", (event: KeyboardEvent) => {
  const isTyping =
    event.target instanceof HTMLElement && event.target.matches("input, select, textarea");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = document.querySelector<HTMLInputElement>("input[type=search]");
  if (field === null) return;
  event.preventDefault();
  field.focus();
});
// While the line is cut the seconds to the next try are counted down.
setInterval(() => {
  if (live.connection === "lost") shell?.update(live);
}, 1_000);
void follow();
