// Pages of a browser, for the tests of one describe().

import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Browser, BrowserKind, Page } from './browsers.js'

/** True in the demonstration once it can be used. */
export const DEMO_READY = "document.querySelector('#connect').ariaDisabled === 'false'"

/**
 * Call it within describe(): one browser serves its tests. Opens the page at `url` and waits until it can be used, which is when the
 * expression `ready(url)` is true in it. After each test its pages are closed, and none may have complained of anything.
 */
export function opener(
  start: BrowserKind['start'], ready: (url: string) => string = () => DEMO_READY,
): (url: string, options?: Parameters<Browser['open']>[1]) => Promise<Page> {
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
    await page.until(ready(url))
    return page
  }
}
