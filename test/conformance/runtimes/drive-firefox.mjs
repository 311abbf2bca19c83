// Opens a page in Firefox and stays: `node drive-firefox.mjs PUPPETEER FIREFOX URL`. Ended by a signal, or with the runner.

import { pathToFileURL } from 'node:url'

// The runner holds the other end: if it is killed, nobody else ends the browser.
process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume()

const [puppeteer, executablePath, url] = process.argv.slice(2)
const { default: driver } = await import(pathToFileURL(puppeteer).href)
const browser = await driver.launch({ browser: 'firefox', executablePath, headless: true })
const page = await browser.newPage()
page.on('console', (message) => console.log(message.text()))
page.on('pageerror', (error) => console.error(error))
await page.goto(url)
