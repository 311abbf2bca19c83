// Opens a page in WebKitGTK's MiniBrowser and stays: `node drive-webkit.mjs WEBKITWEBDRIVER MINIBROWSER PAGE
// [URL SESSION]`; tells the host at URL which version it is. Ended by a signal, which it passes on, or with the runner.
// Speaks WebDriver itself: it is three requests.

import { spawn } from 'node:child_process'
import { createServer } from 'node:net'

// The runner holds the other end: if it is killed, nobody else ends the browser.
process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume()

const [driver, binary, page, hostUrl, session] = process.argv.slice(2)

/** WebKitWebDriver cannot pick a port itself. */
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    server.close(() => resolve(port))
  })
})
const child = spawn(driver, ['--host=127.0.0.1', `--port=${port}`], { stdio: 'inherit' })
child.once('exit', (status) => process.exit(status ?? 1))
process.once('SIGTERM', () => child.kill())

async function ask(method, path, body) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...(body && { body: JSON.stringify(body) }) })
  const { value } = await response.json()
  if (!response.ok) throw new Error(`${path}: ${JSON.stringify(value)}`)
  return value
}

/** It listens a little after it has started, and says nothing then. */
async function ready() {
  for (;;) {
    try {
      return await ask('GET', '/status')
    } catch {
      await new Promise((resolve) => { setTimeout(resolve, 20) })
    }
  }
}

await ready()
const { sessionId, capabilities } = await ask('POST', '/session', {
  capabilities: { alwaysMatch: { browserName: 'MiniBrowser', 'webkitgtk:browserOptions': { binary, args: ['--automation'] } } },
})
if (hostUrl) {
  const version = `WebKitGTK ${capabilities.browserVersion}`
  await fetch(`${hostUrl}/report`, { method: 'POST', body: JSON.stringify({ session, version }) })
}
await ask('POST', `/session/${sessionId}/url`, { url: page })
