// Makes the picture in README: `npx tsx test/demo/screenshot.ts docs/demo.png [light|dark [WIDTH [TARGET]]]`, after the build; and
// that in docs/node.md: `npx tsx test/demo/screenshot.ts docs/demo-sql.png light 760 sql`, where PostgreSQL is installed.

import { installedBrowsers, type Page } from '../helpers/browsers.js'
import { startDemo } from './demo.js'

const [path = 'docs/demo.png', colorScheme = 'light', width = '1280', target = 'post-quantum'] = process.argv.slice(2)
const chromium = installedBrowsers('the demonstration\'s page').find(({ name }) => name === 'Chromium')
if (!chromium) throw new Error('the picture is made with Chromium')
const demo = startDemo(['--browser'])
const browser = await chromium.start()
try {
  const page = await browser.open(await demo.url, { width: Number(width), colorScheme: colorScheme === 'dark' ? 'dark' : 'light' })
  await page.until("document.querySelector('#connect').ariaDisabled === 'false'")
  if (target === 'sql') await showTable(page)
  else await showHandshake(page)
  await page.evaluate('document.activeElement.blur()')
  await page.evaluate('document.getAnimations().forEach((animation) => animation.finish())')
  await page.screenshot(path)
} finally {
  await browser.close()
  await demo.stop()
}

async function showHandshake(page: Page): Promise<void> {
  const state = (expected: string) => page.until(`document.querySelector('#status').dataset.state === '${expected}'`)
  // Twice: the first time much of the code is only just being compiled.
  for (const each of ['tls13', target]) {
    await page.click(`[value="${each}"]`)
    await page.click('#connect')
    await state('open')
  }
  await page.click('#send')
  await state('closed')
}

async function showTable(page: Page): Promise<void> {
  await page.click('#sql-tab')
  for (const query of ['#run', '#examples :nth-child(1)']) {
    await page.click(query)
    await page.until("document.querySelector('#sql-status').dataset.state === 'open'")
  }
}
