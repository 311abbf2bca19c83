// Chromium and Firefox behind one small face. Their drivers are installed apart from the product, in test/runtimes.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { onPath } from './on-path.js'

export interface Browser {
  /** Of its first process, whose descendants the others are. */
  readonly pid: number
  /** Opens a new page of `width` CSS pixels; 1280 unless told. */
  open(url: string, options?: { readonly width?: number; readonly colorScheme?: 'light' | 'dark' }): Promise<Page>
  close(): Promise<void>
}

export interface Page {
  /** What the page complained of: console errors, uncaught exceptions, violations of its security policy. */
  readonly problems: readonly string[]
  /** The value of an expression in the page. */
  evaluate<T = unknown>(expression: string): Promise<T>
  /** Waits until an expression is true. */
  until(expression: string): Promise<void>
  click(selector: string): Promise<void>
  /** Keys one after another; `Control+a` is one. */
  press(...keys: readonly string[]): Promise<void>
  type(text: string): Promise<void>
  /** Clicks a link that downloads a file, and reads that file. */
  download(selector: string): Promise<string>
  /** All of it, as PNG. */
  screenshot(path: string): Promise<void>
  close(): Promise<void>
}

export interface BrowserKind {
  readonly name: string
  readonly colorSchemes: readonly ('light' | 'dark')[]
  start(): Promise<Browser>
}

const chromium: BrowserKind = { name: 'Chromium', colorSchemes: ['light', 'dark'], start: startChromium }
/** It takes its colour scheme when it starts: the one that Chromium does not start with. */
const firefox: BrowserKind = { name: 'Firefox', colorSchemes: ['dark'], start: startFirefox }

/**
 * The browsers that are here. One that is missing is named, with how to get it; with LIBSSL_WASM_REQUIRE_ALL_RUNTIMES=1
 * it is an error. `subject` is what would be tried in it.
 */
export function installedBrowsers(subject: string): readonly BrowserKind[] {
  return [chromium, firefox].filter(({ name }) => {
    const missing = name === 'Chromium' ? missingOf('playwright-core', 'chromium') : missingOf('puppeteer-core', 'firefox-esr')
    if (missing === undefined) return true
    const complaint = `${subject} is not tested in ${name}: ${missing}`
    if (process.env['LIBSSL_WASM_REQUIRE_ALL_RUNTIMES'] === '1') throw new Error(complaint)
    console.warn(complaint)
    return false
  })
}

function missingOf(driverName: string, programName: string): string | undefined {
  if (!onPath(programName)) return `install Debian's package ${programName}`
  try {
    requireFromRuntimes.resolve(driverName)
    requireFromRuntimes.resolve('axe-core')
    return undefined
  } catch {
    return 'run tools/install-runtimes.sh'
  }
}

/** Of a browser on a machine that may be busy; tests with a browser have more. */
const PATIENCE_MS = 120_000
const LOOK_AGAIN_MS = 20
const HEIGHT = 900

/** Collects violations in the page, from before its own first script. */
const WATCH = `globalThis.violations = []
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  violations.push(violatedDirective + ' ' + blockedURI))`

/** What both drivers share. */
interface DriverPage {
  on(event: 'console', listener: (message: { type(): string; text(): string }) => void): void
  on(event: 'pageerror', listener: (error: Error) => void): void
  evaluate(expression: string): Promise<unknown>
  setDefaultTimeout(ms: number): void
  goto(url: string): Promise<unknown>
  click(selector: string): Promise<void>
  screenshot(options: { path: string; fullPage: boolean }): Promise<unknown>
  readonly keyboard: Record<'press' | 'type' | 'down' | 'up', (text: string) => Promise<void>>
  close(): Promise<void>
}

function drive(page: DriverPage, more: Pick<Page, 'download'>, close: () => Promise<void>): Page {
  const problems: string[] = []
  page.setDefaultTimeout(PATIENCE_MS)
  page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()) })
  page.on('pageerror', (error) => { problems.push(String(error)) })
  return {
    ...more,
    problems,
    evaluate: async <T>(expression: string) => page.evaluate(expression) as Promise<T>,
    until: async (expression) => {
      // The drivers' own waiting uses eval in the page, which its policy forbids.
      const cameTrue = await page.evaluate(`new Promise((resolve) => {
        const deadline = performance.now() + ${PATIENCE_MS}
        const look = () => {
          if (${expression}) resolve(true)
          else if (performance.now() > deadline) resolve(false)
          else setTimeout(look, ${LOOK_AGAIN_MS})
        }
        look()
      })`)
      if (!cameTrue) throw new Error(`it never came true: ${expression}\nThe page says: ${await page.evaluate('document.body.innerText')}`)
    },
    click: (selector) => page.click(selector),
    press: async (...keys) => {
      for (const chord of keys) {
        const held = chord.split('+')
        const key = held.pop()!
        for (const each of held) await page.keyboard.down(each)
        await page.keyboard.press(key)
        for (const each of held.reverse()) await page.keyboard.up(each)
      }
    },
    type: (text) => page.keyboard.type(text),
    screenshot: async (path) => { await page.screenshot({ path, fullPage: true }) },
    close: async () => {
      problems.push(...await page.evaluate('globalThis.violations') as string[])
      await close()
    },
  }
}

async function startChromium(): Promise<Browser> {
  interface ChromiumPage extends DriverPage {
    addInitScript(script: string): Promise<void>
    waitForEvent(event: 'download'): Promise<{ path(): Promise<string> }>
  }
  interface Playwright {
    readonly chromium: { launch(options: object): Promise<{
      newContext(options: object): Promise<{ newPage(): Promise<ChromiumPage>; close(): Promise<void> }>
      newBrowserCDPSession(): Promise<{
        send(method: 'SystemInfo.getProcessInfo'): Promise<{ processInfo: { type: string; id: number }[] }>
      }>
      close(): Promise<void>
    }> }
  }
  const browser = await (requireFromRuntimes('playwright-core') as Playwright).chromium.launch({
    executablePath: onPath('chromium'),
    timeout: PATIENCE_MS,
    // As root there is no sandbox; the rest keeps it from talking to anyone but the test.
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--js-flags=--expose-gc'],
  })
  const { processInfo } = await (await browser.newBrowserCDPSession()).send('SystemInfo.getProcessInfo')
  return {
    pid: processInfo.find(({ type }) => type === 'browser')!.id,
    async open(url, { width = 1280, colorScheme = 'light' } = {}) {
      const context = await browser.newContext({ viewport: { width, height: HEIGHT }, colorScheme })
      const page = await context.newPage()
      await page.addInitScript(WATCH)
      const driven = drive(page, {
        async download(selector) {
          const [download] = await Promise.all([page.waitForEvent('download'), page.click(selector)])
          return readFile(await download.path(), 'utf8')
        },
      }, () => context.close())
      await page.goto(url)
      return driven
    },
    close: () => browser.close(),
  }
}

async function startFirefox(): Promise<Browser> {
  interface FirefoxPage extends DriverPage {
    evaluateOnNewDocument(script: string): Promise<unknown>
    setViewport(viewport: { width: number; height: number }): Promise<void>
  }
  interface Puppeteer {
    launch(options: object): Promise<{ newPage(): Promise<FirefoxPage>; process(): { pid: number }; close(): Promise<void> }>
  }
  const downloads = mkdtempSync(join(tmpdir(), 'libssl-wasm-downloads-'))
  const browser = await (requireFromRuntimes('puppeteer-core') as { default: Puppeteer }).default.launch({
    browser: 'firefox',
    executablePath: onPath('firefox-esr'),
    timeout: PATIENCE_MS,
    headless: true,
    extraPrefsFirefox: {
      'layout.css.prefers-color-scheme.content-override': 0, // dark
      'browser.download.folderList': 2,
      'browser.download.dir': downloads,
      'browser.download.useDownloadDir': true,
      'browser.download.always_ask_before_handling_new_types': false,
      'dom.testing.testutils.enabled': true, // TestUtils.gc()
    },
  })
  return {
    pid: browser.process().pid,
    async open(url, { width = 1280 } = {}) {
      const page = await browser.newPage()
      // The driver also sets the orientation, which Firefox 140 does not know and these pages do not ask for.
      await page.setViewport({ width, height: HEIGHT }).catch((error: Error) => {
        if (!error.message.includes('unknown command emulation.setScreenOrientationOverride')) throw error
      })
      await page.evaluateOnNewDocument(WATCH)
      const driven = drive(page, {
        async download(selector) {
          const file = join(downloads, await page.evaluate(`document.querySelector(${JSON.stringify(selector)}).download`) as string)
          rmSync(file, { force: true })
          await page.click(selector)
          // The driver has no event for it. Firefox makes the file empty and renames the whole one upon it.
          const deadline = Date.now() + PATIENCE_MS
          for (let text = ''; Date.now() < deadline; await delay(LOOK_AGAIN_MS)) {
            if (existsSync(file)) text = await readFile(file, 'utf8')
            if (text !== '') return text
          }
          throw new Error('no file was downloaded')
        },
      }, () => page.close())
      await page.goto(url)
      return driven
    },
    async close() {
      await browser.close()
      rmSync(downloads, { recursive: true, force: true })
    },
  }
}

export const requireFromRuntimes = createRequire(new URL('../runtimes/package.json', import.meta.url))
