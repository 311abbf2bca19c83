// Opens a page in Chromium and stays: `node drive-chromium.mjs PLAYWRIGHT CHROMIUM URL`. Ended by a signal, or with the runner.

import { pathToFileURL } from 'node:url'

// The runner holds the other end: if it is killed, nobody else ends the browser.
process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume()

const [playwright, executablePath, url] = process.argv.slice(2)
const { chromium } = await import(pathToFileURL(playwright).href)
const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync',
  ],
})
const page = await browser.newPage()
page.on('console', (message) => console.log(message.text()))
page.on('pageerror', (error) => console.error(error))
await page.goto(url)
