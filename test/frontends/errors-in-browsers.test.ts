// What a page is told when something fails, in real browsers: of a relay, and by the ways to read a connection.

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRelay, type Relay } from '../../src/apps/relay/relay.js'
import { installedBrowsers, type Browser, type Page } from '../helpers/browsers.js'
import { authority, localhost } from '../helpers/certificates.js'

const library = readFileSync(new URL('../../dist/inline.js', import.meta.url))

let site: Server
let origin: string
let relay: Relay
let foreign: Relay
beforeAll(async () => {
  site = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost')
    if (pathname === '/inline.js') return void response.writeHead(200, { 'content-type': 'text/javascript' }).end(library)
    if (pathname !== '/') return void response.writeHead(404).end()
    const policy = searchParams.has('policy') && { 'content-security-policy': searchParams.get('policy')! }
    response.writeHead(200, { 'content-type': 'text/html', ...policy })
    response.end("<!doctype html><script type=\"module\">import * as tls from '/inline.js'; globalThis.tls = tls</script>")
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  relay = await startRelay({ origins: [origin], allow: ['127.0.0.1:1'] })
  foreign = await startRelay({ origins: [origin.replace('127.0.0.1', 'localhost')], allow: ['127.0.0.1:1'] })
})
afterAll(async () => {
  await Promise.all([relay?.close(), foreign?.close()])
  site?.closeAllConnections()
  site?.close()
})

describe.each(installedBrowsers('what a page is told of failures'))('a page in $name', ({ start }) => {
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    browser = await start()
    page = await open(origin)
  })
  afterAll(() => browser?.close())

  async function open(url: string): Promise<Page> {
    const opened = await browser.open(url)
    await opened.until('globalThis.tls !== undefined')
    return opened
  }

  /** What connect() through a tunnel fails with. */
  const failure = (at: Page, url: string, tunnelOptions: string, port = 1) => at.evaluate<{ code: string; message: string }>(`(async () => {
    const transport = tls.openTunnel(${JSON.stringify(url)}, { host: '127.0.0.1', port: ${port} }, ${tunnelOptions})
    const { closed } = tls.connect(transport, { servername: 'localhost', dangerouslySkipVerification: true })
    return closed.then(() => ({}), ({ code, message }) => ({ code, message }))
  })()`)

  // Where there is a WebSocketStream it is the default.
  for (const options of ['{}', '{ WebSocket }']) {
    it(`hears from our relay why it does not connect, with ${options}`, async () => {
      const refused = await failure(page, relay.url, options)
      expect(refused).toMatchObject({ code: 'ERR_TLS_RELAY_CONNECTION_REFUSED' })
      expect(refused.message).toContain(`cannot reach 127.0.0.1:1 through ${relay.url}: "`)
      expect(refused.message).toContain('ECONNREFUSED')
      const forbidden = await failure(page, relay.url, options, 2)
      expect(forbidden).toMatchObject({ code: 'ERR_TLS_RELAY_TARGET_NOT_ALLOWED' })
      for (const part of [relay.url, '127.0.0.1:2', '--allow']) expect(forbidden.message).toContain(part)
    })

    it(`is told all that may be the matter where the browser tells nothing, with ${options}`, async () => {
      const policed = await open(`${origin}/?policy=connect-src 'none'`)
      for (const [at, url] of [
        [page, foreign.url], [page, origin.replace('http', 'ws')], [page, 'ws://127.0.0.1:1'], [policed, relay.url],
      ] as const) {
        const told = await failure(at, `${url}/?key=secret`, options)
        expect(told).toMatchObject({ code: 'ERR_TLS_TRANSPORT' })
        for (const part of [
          url, '127.0.0.1:1', '--allow', 'scheme (ws: or wss:)', `${origin} (--origin)`, 'connect-src',
          "the browser's console has the status", "the relay's log the reason",
        ]) expect(told.message).toContain(part)
        expect(told.message.slice(0, 60)).toContain('cannot reach 127.0.0.1:1 through ws://')
        expect(told.message).not.toContain('secret')
      }
      await policed.close()
    })
  }

  it('is told which word of its policy WebAssembly needs', async () => {
    const policed = await open(`${origin}/?policy=script-src 'self' 'unsafe-inline'`)
    const told = await policed.evaluate<{ name: string; code: string; message: string }>(
      'tls.load().catch(({ name, code, message }) => ({ name, code, message }))')
    expect(told).toMatchObject({ name: 'InternalError', code: 'ERR_TLS_INTERNAL' })
    for (const part of ['Content-Security-Policy', "add 'wasm-unsafe-eval' to its script-src", 'docs/bundlers.md']) {
      expect(told.message).toContain(part)
    }
    await policed.close()
  })

  it.each([
    ['pipeTo', 'await readable.pipeTo(new WritableStream({ write() {} }))'],
    ['pipeThrough', 'await readable.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write() {} }))'],
    ['for await', 'for await (const chunk of readable);'],
    ['a reader', 'for (const reader = readable.getReader(); !(await reader.read()).done;);'],
  ])('sees the connection\'s own error by %s', async (_way, read) => {
    expect(await page.evaluate(`(async () => {
      const [near, far] = tls.memoryTransportPair()
      const client = tls.connect(near, { servername: 'localhost', ca: ${JSON.stringify(authority.ca.cert)} })
      const server = tls.accept(far, { cert: ${JSON.stringify(localhost.cert)}, key: ${JSON.stringify(localhost.key)} })
      server.closed.catch(() => {})
      await Promise.all([client.opened, server.opened])
      const { readable } = client
      const reading = (async () => { ${read} })().catch((error) => error)
      server.abort(new Error('cut'))
      const why = await client.closed.catch((error) => error)
      return [why.code, await reading === why]
    })()`)).toEqual(['ERR_TLS_TRANSPORT', true])
  })
})
