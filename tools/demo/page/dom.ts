// The little that the page needs to build its elements. Text goes in as text, never as markup.

type Content = Node | string

/** An element of the page's own markup. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} #${id}`)
  return found
}

/** A new element; `data` becomes its data attributes. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag, { className = '', data = {} }: { readonly className?: string; readonly data?: Readonly<Record<string, string>> } = {},
  ...content: readonly Content[]
): HTMLElementTagNameMap[Tag] {
  const created = document.createElement(tag)
  if (className) created.className = className
  Object.assign(created.dataset, data)
  created.append(...content)
  return created
}

/** A list of terms and what they are; what is `undefined` is left out. */
export function definitions(entries: Readonly<Record<string, Content | undefined>>): HTMLDListElement {
  const list = element('dl')
  for (const [term, content] of Object.entries(entries)) {
    if (content !== undefined) list.append(element('div', {}, element('dt', {}, term), element('dd', {}, content)))
  }
  return list
}

/** Long names and numbers may break after their underscores and colons, if they must. */
export function breakable(text: string, className = ''): HTMLElement {
  return element('span', { className }, ...text.split(/(?<=[_:])/).flatMap((part) => [part, element('wbr')]))
}

/** Buttons that cannot be used now keep the focus: `disabled` would throw it away. */
export function setUsable(button: HTMLButtonElement, usable: boolean): void {
  button.setAttribute('aria-disabled', String(!usable))
}

export function isUsable(button: HTMLButtonElement): boolean {
  return button.getAttribute('aria-disabled') !== 'true'
}

const whole = new Intl.NumberFormat('en')

export function bytes(count: number): string {
  return `${whole.format(count)} B`
}

export function plural(count: number, one: string): string {
  return `${whole.format(count)} ${one}${count === 1 ? '' : 's'}`
}

export function milliseconds(duration: number): string {
  return duration < 99.95 ? duration.toFixed(1) : whole.format(Math.round(duration))
}
