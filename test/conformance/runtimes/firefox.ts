// Firefox, headless, from Debian's package or wherever it is.

import { fileURLToPath } from 'node:url'
import { browserContexts, makeBrowserPages, pageExample, pageUrl } from './browser-pages.js'
import { memoryTest } from '../memory.js'
import { onPath } from '../../helpers/on-path.js'
import { ask, byDebian, byNpm, fromNpm } from './installed.js'
import type { Browser, Missing, RuntimeDriver } from './runtime.js'

/** The browser, or how to get what is missing. */
export function findFirefox(): Browser | Missing {
  const program = onPath('firefox-esr') ?? onPath('firefox')
  const profiles = fromNpm('@puppeteer/browsers/lib/esm/main.js')
  if (!program) return { missing: byDebian('firefox-esr') }
  if (!profiles) return { missing: byNpm }
  return {
    program, open: (url) => [process.execPath, fileURLToPath(new URL('./drive-firefox.mjs', import.meta.url)), profiles, program, url],
  }
}

export const firefox: RuntimeDriver = {
  name: 'Firefox',
  contexts: browserContexts,
  async find() {
    const browser = findFirefox()
    if ('missing' in browser) return browser
    const { program, open } = browser
    return {
      version: await ask(program, '--version'),
      prepare: makeBrowserPages,
      command: (_project, hostUrl, session, context) => open(pageUrl(hostUrl, session, context)),
      examples: [pageExample(open)],
      memory: memoryTest(open, ['credit']),
    }
  },
}
