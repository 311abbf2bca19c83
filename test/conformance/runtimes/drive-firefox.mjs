// Opens a page in Firefox and stays: `node drive-firefox.mjs PROFILES FIREFOX URL`. Ended by a signal, or with the runner.
//
// Not by WebDriver BiDi: while a session of it listens, Firefox (153 at least) now and then never returns from
// `new Worker` in a worker, and that worker is dead from then on. A page that does nothing else stops within a hundred
// of them, and makes thousands without the session.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [profiles, executablePath, url] = process.argv.slice(2)
const { Browser, createProfile } = await import(pathToFileURL(profiles).href)

const profile = mkdtempSync(join(tmpdir(), 'libssl-wasm-firefox-'))
await createProfile(Browser.FIREFOX, {
  path: profile,
  // The page's console is printed, and not that Mozilla's servers cannot be reached.
  preferences: { 'devtools.console.stdout.content': true, 'services.settings.loglevel': 'off' },
})
const firefox = spawn(executablePath, ['--headless', '--no-remote', '--profile', profile, url], { stdio: ['ignore', 'inherit', 'inherit'] })
firefox.on('error', (error) => console.error(error.message))
firefox.on('close', (status) => {
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  process.exit(status ?? 1)
})

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => firefox.kill())
// The runner holds the other end: if it is killed, nobody else ends the browser.
process.stdin.on('end', () => firefox.kill()).resume()
