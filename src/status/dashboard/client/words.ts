import { WORDS, type Word } from "./word-list.ts";

export type Language = "en" | "ru";

const LANGUAGE_KEY = "aggregator-language";

let chosen: Language | undefined;

export function language(): Language {
  if (chosen !== undefined) return chosen;
  const kept = localStorage.getItem(LANGUAGE_KEY);
  const wanted = kept ?? navigator.language;
  chosen = wanted.toLowerCase().startsWith("ru") ? "ru" : "en";
  return chosen;
}

export function setLanguage(wanted: Language): void {
  chosen = wanted;
  localStorage.setItem(LANGUAGE_KEY, wanted);
}

/**
 * A text in the language of whoever looks. `{n}` and the like are filled in; forms by number stand
 * as `one|few|many`, chosen by `n`: two in English, three in Russian.
 */
export function t(word: Word, parts: Readonly<Record<string, string | number>> = {}): string {
  const text = WORDS[word][language() === "ru" ? 1 : 0];
  const forms = text.split("|");
  const form = forms.length === 1 ? text : (forms[formOf(parts["n"])] ?? forms.at(-1)!);
  return form.replace(/\{(\w+)\}/g, (_, key: string) =>
    String(parts["shown"] !== undefined && key === "n" ? parts["shown"] : (parts[key] ?? "")),
  );
}

function formOf(n: string | number | undefined): number {
  const category = new Intl.PluralRules(language()).select(Number(n ?? 0));
  if (category === "one") return 0;
  return language() === "ru" && category !== "few" ? 2 : 1;
}

export type { Word };
