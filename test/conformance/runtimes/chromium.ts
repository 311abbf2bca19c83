// Chromium, headless, from Debian's package or wherever `chromium` is.

import { fileURLToPath } from 'node:url'
import { browserContexts, makeBrowserPages, pageExample, pageUrl } from './browser-pages.js'
import { memoryTest } from '../memory.js'
import { onPath } from '../../helpers/on-path.js'
import { ask, byDebian, byNpm, fromNpm } from './installed.js'
import type { Browser, Missing, RuntimeDriver } from './runtime.js'

/** The browser, or how to get what is missing. */
export function findChromium(): Browser | Missing {
  const program = onPath('chromium')
  const driver = fromNpm('playwright-core/index.mjs')
  if (!program) return { missing: byDebian('chromium') }
  if (!driver) return { missing: byNpm }
  return {
    program, open: (url) => [process.execPath, fileURLToPath(new URL('./drive-chromium.mjs', import.meta.url)), driver, program, url],
  }
}

export const chromium: RuntimeDriver = {
  name: 'Chromium',
  contexts: browserContexts,
  async find() {
    const browser = findChromium()
    if ('missing' in browser) return browser
    const { program, open } = browser
    return {
      version: (await ask(program, '--version')).replace(/ built on.*/, ''),
      prepare: makeBrowserPages,
      command: (_project, hostUrl, session, context) => open(pageUrl(hostUrl, session, context)),
      examples: [pageExample(open)],
      // 'auto' is a WebSocketStream here.
      memory: memoryTest(open, ['none', 'credit', 'auto']),
    }
  },
}
