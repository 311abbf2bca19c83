// Tabs, as the ARIA Authoring Practices want them: the arrow keys go from one to the next.

import { byId } from './dom.js'

/** Each button in `list` shows the element that it controls, and hides those of the others. */
export function makeTabs(list: HTMLElement): void {
  const tabs = [...list.querySelectorAll('button')]
  const show = (shown: HTMLElement) => {
    for (const tab of tabs) {
      tab.setAttribute('aria-selected', String(tab === shown))
      tab.tabIndex = tab === shown ? 0 : -1
      byId(tab.getAttribute('aria-controls')!, HTMLElement).hidden = tab !== shown
    }
    shown.focus()
  }
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener('click', () => show(tab))
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key]
      if (step !== undefined) show(tabs.at((index + step) % tabs.length)!)
    })
  }
}
