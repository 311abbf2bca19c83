// The demonstration as a part of the site: the page of tools/demo, without its own servers. The reader names a relay and a server.

import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from '../demo/page-server.js'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Any relay may be named; scripts, styles and code are the site's own. */
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self' ws: wss:; "
  + "base-uri 'none'; form-action 'none'"

const TARGETS = `<label for="relay">Relay <small>its URL; it carries ciphertext</small></label>
            <input id="relay" type="url" placeholder="ws://127.0.0.1:8080" autocomplete="off" spellcheck="false" required>
            <label for="server">Server <small>host:port</small></label>
            <input id="server" type="text" placeholder="example.org:443"
              autocomplete="off" autocapitalize="off" spellcheck="false" required>
            <details>
              <summary>Trust</summary>
              <label for="anchors">More trust anchors, PEM <small>beside Mozilla’s roots</small></label>
              <textarea id="anchors" rows="4" spellcheck="false" autocapitalize="off" autocomplete="off"></textarea>
            </details>
            <p>A relay for it, on your machine:</p>`

export async function writeDemo(to: string): Promise<void> {
  mkdirSync(to, { recursive: true })
  writeFileSync(join(to, 'main.js'), await bundle('./page/site.ts', { minify: true }))
  writeFileSync(join(to, 'index.html'), demoPage(readFileSync(here('../demo/page/index.html'), 'utf8')))
  for (const file of ['page.css', 'timeline.css', 'icon.svg']) cpSync(here(`../demo/page/${file}`), join(to, file))
  cpSync(here('./demo.css'), join(to, 'site.css'))
  cpSync(here('../../lib/libssl-wasm/libssl.wasm'), join(to, 'libssl.wasm'))
}

function demoPage(own: string): string {
  const parts: readonly (readonly [part: string | RegExp, text: string])[] = [
    ['<title>', `<meta http-equiv="Content-Security-Policy" content="${POLICY}">\n    <title>`],
    ['    <link rel="stylesheet" href="sql.css">\n', '    <link rel="stylesheet" href="site.css">\n'],
    [/<!-- targets -->.*<!-- end of targets -->/s, TARGETS],
    [/<!-- tabs -->.*<!-- end of tabs -->/s, ''],
    [/<!-- SQL -->.*<!-- end of SQL -->/s, ''],
    [' role="tabpanel" aria-labelledby="handshake-tab"', ''],
    ['Choose a server and connect.', 'Name a relay and a server, and connect.'],
    ['<p id="engine"', '<a class="back" href="../index.html">Documentation</a>\n      <p id="engine"'],
  ]
  return parts.reduce((page, [part, text]) => {
    const changed = page.replace(part, () => text)
    if (changed === page) throw new Error(`tools/demo/page/index.html has no ${String(part)}`)
    return changed
  }, own)
}
