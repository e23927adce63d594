export type Theme = "auto" | "light" | "dark";

const THEME_KEY = "aggregator-theme";

export function theme(): Theme {
  const kept = localStorage.getItem(THEME_KEY);
  return kept === "light" || kept === "dark" ? kept : "auto";
}

export function setTheme(wanted: Theme): void {
  localStorage.setItem(THEME_KEY, wanted);
  applyTheme();
}

export function applyTheme(): void {
  document.documentElement.dataset["theme"] = theme();
}

/** Whether it is dark now, by choice or by the system. */
export function isDark(): boolean {
  const wanted = theme();
  if (wanted !== "auto") return wanted === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** A colour of the style as a canvas takes it. */
export function colourOf(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
