// The demonstration's page in a browser.

import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Browser, BrowserKind, Page } from '../helpers/browsers.js'

/**
 * Call it within describe(): one browser serves its tests. Opens the page at `url` and waits until it can be used. After each test its
 * pages are closed, and none may have complained of anything.
 */
export function opener(start: BrowserKind['start']): (url: string, options?: Parameters<Browser['open']>[1]) => Promise<Page> {
  let browser: Browser | undefined
  let pages: Page[] = []
  beforeAll(async () => { browser = await start() })
  afterAll(() => browser?.close())
  afterEach(async () => {
    for (const page of pages) await page.close()
    const problems = pages.flatMap((page) => page.problems)
    pages = []
    expect(problems).toEqual([])
  })
  return async (url, options) => {
    const page = await browser!.open(url, options)
    pages.push(page)
    await page.until("document.querySelector('#connect').ariaDisabled === 'false'")
    return page
  }
}
