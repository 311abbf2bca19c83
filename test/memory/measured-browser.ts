// A browser with page.ts in it, whose memory can be looked at.

import { onTestFinished } from 'vitest'
import type { Browser, BrowserKind, Page } from '../helpers/browsers.js'
import type { Order, Progress } from './page.js'
import { Memory, processTree, settledMemory, type Process } from './processes.js'

export class MeasuredBrowser {
  readonly #page: Page
  /** All of the browser's, but for those that it starts later: they have nothing to do with the page. */
  readonly #processes: readonly Process[]

  private constructor(browser: Browser, page: Page) {
    this.#page = page
    this.#processes = processTree(browser.pid)
  }

  static async start(start: BrowserKind['start'], origin: string): Promise<MeasuredBrowser> {
    const browser = await start()
    onTestFinished(() => browser.close())
    const page = await browser.open(`${origin}/`)
    await page.until("typeof start === 'function'")
    return new MeasuredBrowser(browser, page)
  }

  get problems(): readonly string[] {
    return this.#page.problems
  }

  async start(order: Order): Promise<void> {
    await this.#page.evaluate(`start(${JSON.stringify(order)})`)
  }

  progress(): Promise<Progress> {
    return this.#page.evaluate('progress()')
  }

  async pausedOrDone(): Promise<'paused' | 'done'> {
    const { state, failure } = await this.#stopped()
    if (state === 'paused' || state === 'done') return state
    throw new Error(`the download ${state}: ${failure.join(', ')}`)
  }

  async failure(): Promise<readonly string[]> {
    return (await this.#stopped()).failure
  }

  async resume(): Promise<void> {
    await this.#page.evaluate('resume()')
  }

  /** As it is, with whatever garbage nobody has collected yet. */
  memory(): Memory {
    return new Memory(this.#processes)
  }

  settled(): Promise<Memory> {
    return settledMemory(this.#processes, () => this.#page.evaluate('collectGarbage()'))
  }

  async #stopped(): Promise<Progress> {
    await this.#page.until("progress().state !== 'reading'")
    return this.progress()
  }
}
