// Firefox, headless, from Debian's package or wherever it is.

import { fileURLToPath } from 'node:url'
import { browserContexts, makeBrowserPages, pageExample, pageUrl } from './browser-pages.js'
import { memoryTest } from '../memory.js'
import { onPath } from '../../helpers/on-path.js'
import { ask, byDebian, byNpm, fromNpm } from './installed.js'
import type { RuntimeDriver } from './runtime.js'

export const firefox: RuntimeDriver = {
  name: 'Firefox',
  contexts: browserContexts,
  async find() {
    const browser = onPath('firefox-esr') ?? onPath('firefox')
    const profiles = fromNpm('@puppeteer/browsers/lib/esm/main.js')
    if (!browser) return { missing: byDebian('firefox-esr') }
    if (!profiles) return { missing: byNpm }
    const open = (url: string) => [process.execPath, fileURLToPath(new URL('./drive-firefox.mjs', import.meta.url)), profiles, browser, url]
    return {
      version: await ask(browser, '--version'),
      prepare: makeBrowserPages,
      command: (_project, hostUrl, session, context) => open(pageUrl(hostUrl, session, context)),
      examples: [pageExample(open)],
      memory: memoryTest(open, ['credit']),
    }
  },
}
