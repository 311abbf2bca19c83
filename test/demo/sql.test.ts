// The demonstration's second tab, in real browsers: a prompt on a real PostgreSQL, by pg, through a real relay.

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { bundlePage, startPageServer } from '../../tools/demo/page-server.js'
import { MISSING } from '../../tools/demo/targets.js'
import { installedBrowsers, requireFromRuntimes, type Page } from '../helpers/browsers.js'
import { startDemo, type Demo } from './demo.js'
import { opener } from '../helpers/pages.js'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 }) // browsers and PostgreSQL, on a machine that may be busy

let demo: Demo
beforeAll(async () => {
  demo = startDemo(['--browser'])
  await demo.url
})
afterAll(async () => { await demo?.stop() })

describe.each(installedBrowsers('the demonstration\'s SQL prompt'))('the SQL prompt in $name', ({ start, colorSchemes }) => {
  const openPage = opener(start)

  async function open(url: string, options?: Parameters<typeof openPage>[1]): Promise<Page> {
    const page = await openPage(url, options)
    await page.click('#sql-tab')
    return page
  }

  async function query(page: Page, text: string): Promise<void> {
    await page.click('#query')
    await page.press('Control+a')
    await page.type(text)
    await page.click('#run')
    await page.until("document.querySelector('#run').ariaDisabled === 'false'")
  }

  const tables = (page: Page) => page.evaluate<string[][][]>(
    "[...document.querySelectorAll('#results table')].map((table) => [[table.caption.textContent], "
      + '...[...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent))])')

  it('shows the table that a query gives', async () => {
    const page = await open(await demo.url)
    await query(page, "SELECT name, moons FROM planets WHERE kind = 'ice' ORDER BY name")
    expect(await tables(page)).toEqual([[['SELECT · 2 rows'], ['name', 'moons'], ['Neptune', '16'], ['Uranus', '29']]])
    expect(await page.evaluate("document.querySelector('#sql-status').textContent")).toMatch(/^[\d.,]+ ms, by TLSv1\.3 with TLS_/)
    // What one query sets, the next one finds; and a table for each statement.
    await query(page, 'BEGIN; CREATE TEMPORARY TABLE kept AS SELECT 1 AS one')
    await query(page, 'SELECT one, null AS nothing FROM kept; SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
    expect(await tables(page))
      .toEqual([[['SELECT · 1 row'], ['one', 'nothing'], ['1', 'null']], [['SELECT · 1 row'], ['ssl', 'version'], ['true', 'TLSv1.3']]])
    await page.click('#examples :nth-child(3)')
    await page.until("document.querySelectorAll('#results tr').length === 501")
    expect(await page.evaluate("document.querySelector('#results caption').textContent"))
      .toBe('SELECT · 10,000 rows, of which 500 are shown')
  })

  it('shows what PostgreSQL objects to, and connects again when a connection has ended', async () => {
    const page = await open(await demo.url)
    await query(page, 'SELEC 1')
    expect(await page.evaluate("document.querySelector('#results .failure').dataset.code")).toBe('42601')
    await query(page, 'SELECT pg_terminate_backend(pg_backend_pid())')
    expect(await page.evaluate("document.querySelector('#results .failure').dataset.code")).toBe('57P01')
    await query(page, 'SELECT 1 AS one')
    expect(await tables(page)).toEqual([[['SELECT · 1 row'], ['one'], ['1']]])
  })

  it('is reached and used with the keyboard alone', async () => {
    const page = await openPage(await demo.url)
    await page.press('Tab', 'ArrowRight')
    expect(await page.evaluate("document.activeElement.id + document.querySelector('#handshake').hidden")).toBe('sql-tabtrue')
    await page.press('Tab', 'Control+a')
    await page.type('SELECT 6 * 7 AS answer')
    await page.press('Control+Enter')
    await page.until("document.querySelector('#results td')?.textContent === '42'")
    await page.click('#sql-tab')
    await page.press('ArrowLeft')
    expect(await page.evaluate("document.querySelector('#sql').hidden && !document.querySelector('#handshake').hidden")).toBe(true)
  })

  it.each(colorSchemes)('fits a phone of 360 pixels, and has nothing that axe objects to, in a %s theme', async (colorScheme) => {
    const page = await open(await demo.url, { width: 360, colorScheme })
    await page.evaluate(readFileSync(requireFromRuntimes.resolve('axe-core'), 'utf8'))
    for (const text of ['SELECT * FROM planets', 'SELECT * FROM nothing']) {
      await query(page, text)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
      expect(
        await page.evaluate(
          'axe.run().then(({ violations }) => '
            + 'violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html, failureSummary }) => html + failureSummary) })))',
        ),
      ).toEqual([])
    }
  })

  it('says what to install where there is no PostgreSQL', async () => {
    const server = await startPageServer(await bundlePage())
    onTestFinished(() => server.close())
    const target = {
      id: 'none', name: 'none', description: '', command: '', address: '', url: '', servername: '', anchors: '', request: '',
    }
    server.show({ relayUrl: 'ws://127.0.0.1:1', targets: [target], database: { missing: MISSING }, anchors: {} })
    const page = await open(server.url)
    expect(await page.evaluate("document.querySelector('#sql-status').textContent")).toMatch(/install Debian's package postgresql\b/)
    expect(await page.evaluate("document.querySelector('#run').ariaDisabled")).toBe('true')
  })
})
