/** What may stand in an element. Texts become text nodes: nothing that comes from data is ever markup. */
export type Child = Node | string | number | null | undefined | false;

type Attributes = Readonly<
  Record<string, string | number | boolean | null | undefined | ((event: never) => void)>
>;

/** Makes an element: `on…` are listeners, everything else is an attribute; false and undefined leave it out. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  adorn(element, attributes);
  append(element, children);
  return element;
}

/** The same for SVG. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  adorn(element, attributes);
  append(element, children);
  return element;
}

function adorn(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name.slice("on".length), value as (event: Event) => void);
    } else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, String(value));
    }
  }
}

function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(typeof child === "number" ? String(child) : child);
  }
}

/** A name of somebody else's: whatever its direction, the text around it stays in order. */
export function bdi(text: string, attributes: Attributes = {}): HTMLElement {
  return h("bdi", { dir: "auto", ...attributes }, visible(text));
}

/** Marks of direction and other characters without a shape would hide what a name is. */
export function visible(text: string): string {
  // Joiners are letters in some scripts.
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/gu, "\u00b7");
}

/** Writes only what changed: a page that is told once a second must not be laid out once a second. */
export function setText(node: Element | Text, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node: Element, name: string, value: string | undefined): void {
  if (value === undefined) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** A custom property of the style. */
export function setVar(node: HTMLElement | SVGElement, name: string, value: string): void {
  if (node.style.getPropertyValue(name) !== value) node.style.setProperty(name, value);
}

/** A list whose elements are kept by key: what stays is updated in its place. */
export class KeyedList<Item> {
  readonly #parent: Element;
  readonly #make: (item: Item) => { element: Element; update(item: Item): void };
  readonly #parts = new Map<string, { element: Element; update(item: Item): void }>();

  constructor(
    parent: Element,
    make: (item: Item) => { element: Element; update(item: Item): void },
  ) {
    this.#parent = parent;
    this.#make = make;
  }

  update(items: readonly Item[], keyOf: (item: Item) => string): void {
    const wanted = new Set(items.map(keyOf));
    for (const [key, { element }] of this.#parts) {
      if (wanted.has(key)) continue;
      element.remove();
      this.#parts.delete(key);
    }
    let at = this.#parent.firstElementChild;
    for (const item of items) {
      const key = keyOf(item);
      let part = this.#parts.get(key);
      if (part === undefined) {
        part = this.#make(item);
        this.#parts.set(key, part);
      }
      part.update(item);
      if (part.element === at) at = at.nextElementSibling;
      else this.#parent.insertBefore(part.element, at);
    }
  }

  elementOf(key: string): Element | undefined {
    return this.#parts.get(key)?.element;
  }
}
