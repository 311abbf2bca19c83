// WebKit: WebKitGTK's MiniBrowser, driven by its WebDriver, on a display of its own.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { browserContexts, makeBrowserPages, pageExample, pageUrl } from './browser-pages.js'
import { onPath } from '../../helpers/on-path.js'
import { byDebian } from './installed.js'
import type { RuntimeDriver } from './runtime.js'

const packages = 'webkit2gtk-driver xvfb xauth dbus'

export const webkit: RuntimeDriver = {
  name: 'WebKit',
  contexts: browserContexts,
  async find() {
    const driver = onPath('WebKitWebDriver')
    const browser = miniBrowser()
    if (!driver || !browser || !onPath('xvfb-run') || !onPath('xauth') || !onPath('dbus-run-session')) {
      return { missing: byDebian(packages) }
    }
    const open = (url: string, ...tell: readonly string[]) => ['xvfb-run', '--auto-servernum', 'dbus-run-session', '--',
      process.execPath, fileURLToPath(new URL('./drive-webkit.mjs', import.meta.url)), driver, browser, url, ...tell]
    const environment = {
      WEBKIT_DISABLE_COMPOSITING_MODE: '1', LIBGL_ALWAYS_SOFTWARE: '1', GDK_BACKEND: 'x11',
      // Its sandbox wants user namespaces, which containers do not have; the pages are our own.
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
    }
    return {
      version: 'WebKitGTK', // which, its driver tells once it runs
      prepare: makeBrowserPages,
      command: (_project, hostUrl, session, context) => open(pageUrl(hostUrl, session, context), hostUrl, session),
      environment,
      examples: [pageExample(open, environment)],
    }
  },
}

/** Debian has it below /usr/lib/TRIPLET/webkit2gtk-4.1. */
function miniBrowser(): string | undefined {
  const libraries = '/usr/lib'
  const found = readSafely(libraries)
    .flatMap((triplet) => readSafely(join(libraries, triplet)).filter((name) => name.startsWith('webkit2gtk-'))
    .map((name) => join(libraries, triplet, name))).filter((directory) => readSafely(directory).includes('MiniBrowser'))
  return found[0] === undefined ? undefined : join(found[0], 'MiniBrowser')
}

function readSafely(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return [] // no directory
  }
}
