// Chromium, headless, from Debian's package or wherever `chromium` is.

import { fileURLToPath } from 'node:url'
import { browserContexts, makeBrowserPages, pageExample, pageUrl } from './browser-pages.js'
import { memoryTest } from '../memory.js'
import { onPath } from '../../helpers/on-path.js'
import { ask, byDebian, byNpm, fromNpm } from './installed.js'
import type { RuntimeDriver } from './runtime.js'

export const chromium: RuntimeDriver = {
  name: 'Chromium',
  contexts: browserContexts,
  async find() {
    const browser = onPath('chromium')
    const driver = fromNpm('playwright-core/index.mjs')
    if (!browser) return { missing: byDebian('chromium') }
    if (!driver) return { missing: byNpm }
    const open = (url: string) => [process.execPath, fileURLToPath(new URL('./drive-chromium.mjs', import.meta.url)), driver, browser, url]
    return {
      version: (await ask(browser, '--version')).replace(/ built on.*/, ''),
      prepare: makeBrowserPages,
      command: (_project, hostUrl, session, context) => open(pageUrl(hostUrl, session, context)),
      examples: [pageExample(open)],
      // 'auto' is a WebSocketStream here.
      memory: memoryTest(open, ['none', 'credit', 'auto']),
    }
  },
}
