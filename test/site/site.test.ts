// The site: that it is built whole, and in real browsers what a reader does with it. Screenshots for people are left in
// build/site/screenshots.

import { spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { startRelay, type Relay } from '../../src/apps/relay/relay.js'
import { startServer, type DemoServer } from '../../tools/demo/server.js'
import { deadLinks } from '../../tools/site/links.js'
import { installedBrowsers, type Page } from '../helpers/browsers.js'
import { authority, localhost } from '../helpers/certificates.js'
import { DEMO_READY, opener } from '../helpers/pages.js'
import { serveSite, type SiteServer } from './serve.js'

const repository = fileURLToPath(new URL('../../', import.meta.url))
const screenshots = join(repository, 'build/site/screenshots')
const TELEPHONE = 375
/** Three pages of three kinds: written by people, made of source, and the demonstration. */
const PAGES = ['docs/trust.html', 'api/libssl-wasm/index.html', 'demo/index.html'] as const

/** True in a page of VitePress once its script has taken it over: then it can be used. */
const TAKEN_OVER = "document.querySelector('#app')?.__vue_app__ !== undefined"

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 }) // browsers, on a machine that may be busy

/** What tools/site.sh has said and answered. */
let build: SpawnSyncReturns<string>
let site: SiteServer
beforeAll(async () => {
  build = spawnSync(join(repository, 'tools/site.sh'), { encoding: 'utf8' })
  site = await serveSite()
  mkdirSync(screenshots, { recursive: true })
}, 900_000)
afterAll(() => site.close())

it('is built: every link leads somewhere, and every export has a text', () => {
  expect(build.status, build.stderr).toBe(0)
})

describe('deadLinks', () => {
  const found = (html: string) => deadLinks(pagesOf({ 'page.html': html, 'other.html': '<h1 id="a&amp;b">' }), '/base/')

  it.each([
    ['a page that is not there', '<a href="b.html">', 'b.html: there is no such file'],
    ['a part that is not there', '<a class="x" href="other#b">', 'other#b: the page has no #b'],
    ['a file that is not there', '<img src="/base/icon.svg">', '/base/icon.svg: there is no such file'],
    ['a page above the base', '<a href="/other">', '/other: is outside of /base/'],
    ['a script from elsewhere', '<script src="https://example.org/x.js">', 'https://example.org/x.js: is fetched from elsewhere'],
  ])('finds %s', (_, html, words) => {
    expect(found(html)).toEqual([`page.html: ${words}`])
  })

  it('finds nothing where there is nothing', () => {
    expect(found('<a href="other"><a href="/base/other.html#a&amp;b"><a href="#p"><p id="p"><a href="https://example.org/">')).toEqual([])
  })
})

describe.each(installedBrowsers('the site'))('the site in $name', ({ name: browserName, start, colorSchemes }) => {
  const openPage = opener(start, (url) => (url.includes('/demo/') ? DEMO_READY : TAKEN_OVER))
  const open = (path: string, options?: Parameters<typeof openPage>[1]) => openPage(site.url + path, options)
  afterEach(() => { expect(site.missing).toEqual([]) })

  const has = (words: string) => `document.querySelector('main')?.innerText.includes(${JSON.stringify(words)})`
  const focused = (page: Page) => page.evaluate<string>('document.activeElement.innerText.trim() || document.activeElement.id')

  it('leads from the start to a task, and from there to the next page', async () => {
    const page = await open('')
    await page.click('.VPHero a.brand')
    await page.until(has('Documentation'))
    await page.click('.VPSidebar a[href$="docs/trust.html"]')
    await page.until(
      "location.pathname.endsWith('/docs/trust.html') && document.querySelector('.VPSidebarItem.is-active a[href$=\"docs/trust.html\"]')",
    )
    await page.click('.VPDocFooter .next')
    await page.until("!location.pathname.endsWith('/docs/trust.html')")
  })

  it('finds an error code, and goes to where it is explained', async () => {
    const page = await open('docs/README.html')
    await page.click('.VPNavBarSearch button')
    await page.until("document.querySelector('.VPLocalSearchBox input')")
    await page.type('ERR_TLS_WASM_ABORT')
    await page.until(
      "[...document.querySelectorAll('.VPLocalSearchBox .result')].some((one) => one.innerText.includes('ERR_TLS_WASM_ABORT'))",
    )
    await page.press('Enter')
    const named = 'document.getElementById(decodeURIComponent(location.hash.slice(1)))'
    await page.until(`location.pathname.endsWith('/docs/errors.html') && ${named}`) // the address changes before the page does
    const heading = await page.evaluate<string>(`${named}.innerText`)
    expect(heading).toContain('ERR_TLS_WASM_ABORT')
  })

  it('has the colours that the system asks for, and those that a reader chooses, also on the next page', async () => {
    const [colorScheme] = colorSchemes
    const page = await open('docs/trust.html', { colorScheme: colorScheme! })
    const dark = () => page.evaluate<boolean>("document.documentElement.classList.contains('dark')")
    const light = 'getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((sum, each) => sum + Number(each), 0)'
    expect(await dark()).toBe(colorScheme === 'dark')
    const before = await page.evaluate<number>(light)
    await page.click('.VPNavBarAppearance button')
    await page.until(`document.documentElement.classList.contains('dark') === ${colorScheme !== 'dark'}`)
    await page.until(`Math.abs(${light} - ${before}) > 300`)
    await page.click('.VPNavBarTitle a')
    await page.until("document.querySelector('.VPHero')")
    expect(await dark()).toBe(colorScheme !== 'dark')
    await page.evaluate('localStorage.clear()')
  })

  it('is used by the keyboard: the skip link comes first, and leads to the text', async () => {
    const page = await open('docs/trust.html')
    await page.press('Tab')
    expect(await focused(page)).toBe('Skip to content')
    const outline =
      await page.evaluate<string>('(({ clip, clipPath, height }) => [clipPath, height].join())(getComputedStyle(document.activeElement))')
    expect(outline).not.toMatch(/inset\(50%\)|^.*,1px$/)
    await page.press('Enter')
    await page.until("document.activeElement.closest('#VPContent') !== null")
    await page.press('Tab')
    expect(await page.evaluate("document.activeElement.closest('#VPContent') !== null")).toBe(true)
  })

  it.each(PAGES)('fits a telephone and a desktop, without overlap: %s', async (path) => {
    for (const width of [TELEPHONE, 1280]) {
      const page = await open(path, { width, colorScheme: colorSchemes[0]! })
      await page.until("document.querySelector('h1')")
      await page.screenshot(join(screenshots, `${browserName}-${width}-${path.replace(/\W+/g, '-')}.png`))
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      expect(await page.evaluate(OVERLAPS)).toEqual([])
    }
  })

  it('opens the menu and the list of pages on a telephone', async () => {
    const page = await open('docs/trust.html', { width: TELEPHONE })
    await page.click('.VPNavBarHamburger')
    await page.until("document.querySelector('.VPNavScreen a[href$=\"docs/errors.html\"]')")
    await page.click('.VPNavBarHamburger')
    await page.until("!document.querySelector('.VPNavScreen')") // it fades out, and takes clicks until then
    await page.click('.VPLocalNav .menu')
    await page.until("document.querySelector('.VPSidebar.open')")
    await page.click('.VPSidebar a[href$="docs/sessions.html"]')
    await page.until("location.pathname.endsWith('/docs/sessions.html')")
  })

  describe('the demonstration', () => {
    let server: DemoServer
    let relay: Relay
    beforeAll(async () => {
      server = await startServer(localhost)
      relay = await startRelay({ allow: [`localhost:${server.port}`], origins: [new URL(site.url).origin] })
    })
    afterAll(async () => {
      await relay?.close()
      await server?.stop()
    })

    async function name(page: Page, values: Readonly<Record<string, string>>): Promise<void> {
      for (const [id, value] of Object.entries(values)) {
        await page.evaluate(`document.querySelector('#${id}').closest('details')?.setAttribute('open', '')`)
        await page.evaluate(`(() => { const field = document.querySelector('#${id}'); field.value = ${JSON.stringify(value)};
          field.dispatchEvent(new Event('input', { bubbles: true })) })()`)
      }
      await page.click('#connect')
      await page.until("['open', 'failed'].includes(document.querySelector('#status').dataset.state)")
    }
    const status = (page: Page) => page.evaluate<string>("document.querySelector('#status').innerText")

    it('connects through the relay that the reader names, and shows the answer', async () => {
      const page = await open('demo/index.html')
      await name(page, { relay: relay.url, server: `localhost:${server.port}`, anchors: authority.ca.cert })
      expect(await status(page)).toMatch(/^Connected with TLSv1\.3/)
      await page.click('#send')
      await page.until("document.querySelector('#status').dataset.state === 'closed'")
      expect(await page.evaluate("document.querySelector('#answer').innerText")).toContain('TLSv1.3')
      await page.screenshot(join(screenshots, `${browserName}-demonstration-connected.png`))
    })

    it('trusts the roots of Mozilla alone unless it is told others', async () => {
      const page = await open('demo/index.html')
      await name(page, { relay: relay.url, server: `localhost:${server.port}` })
      expect(await status(page)).toContain('No connection')
    })

    it('says which relay would do, and what is missing', async () => {
      const page = await open('demo/index.html')
      await name(page, { relay: 'https://nowhere', server: 'localhost:1' })
      expect(await status(page)).toContain('must begin with wss:// or ws://')
      await name(page, { relay: 'ws://127.0.0.1:1', server: 'nothing' })
      expect(await status(page)).toContain('host:port')
    })
  })
})

/** A folder with these files, for as long as the test runs. */
function pagesOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'libssl-wasm-pages-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

/** Links and buttons that lie upon each other, by their words; one within another is none. */
const OVERLAPS = `(() => {
  const seen = [...document.querySelectorAll('a, button, input')]
    .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && one.offsetWidth > 1 && !one.closest('[aria-hidden=true]') && getComputedStyle(one).pointerEvents !== 'none')
  const boxes = seen.flatMap((one) => [...one.getClientRects()].map((box) => ({ one, box })))
  const within = ({ box: { top, bottom } }) => top < innerHeight && bottom > 0
  const shown = boxes.filter(within).filter(({ one, box }) => {
    const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2)
    return at !== null && (one.contains(at) || at.contains(one))
  })
  return shown.flatMap(({ one, box }, index) => shown.slice(index + 1).filter(({ one: other, box: theirs }) =>
    !one.contains(other) && !other.contains(one)
    && Math.min(box.right, theirs.right) - Math.max(box.left, theirs.left) > 2
      && Math.min(box.bottom, theirs.bottom) - Math.max(box.top, theirs.top) > 2)
    .map(({ one: other }) => one.innerText + ' / ' + other.innerText))
})()`
