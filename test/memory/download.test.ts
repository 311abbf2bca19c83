// A download of 256 MiB through the relay, by a page whose reader pauses again and again: neither the relay nor the
// browser may hold more than a little of it. What is measured is what the system has given to the processes
// (processes.ts), once collecting garbage frees no more: what is reachable, and what allocators keep for themselves. Not
// the system's own socket buffers, which are not theirs to bound. Nor garbage: engines let it grow to what they like
// (Firefox to some 100 MiB here, of a long download as of a short one), and it is printed for people. All is compared with
// what there was after a smaller download, when code is compiled, pools are filled and WebAssembly memory has grown.

import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { connect, openTunnel } from '../../src/index.js'
import { installedBrowsers } from '../helpers/browsers.js'
import { authority, localhost } from '../helpers/certificates.js'
import { MeasuredBrowser } from './measured-browser.js'
import { MeasuredRelay } from './measured-relay.js'
import { startDownloadServer, startPageServer, type DownloadServer } from './origin.js'
import type { Order } from './page.js'

const MIB = 2 ** 20
const DOWNLOAD = { bytes: 256 * MIB, pauseEveryBytes: 72 * MIB }
const WARM_UP = { bytes: 48 * MIB, pauseEveryBytes: 20 * MIB }
/** The credit window's 6 MiB lie in the browser, and it moves by some more; what holds nothing back grows by 40 and more (below). */
const MAX_GROWTH_BYTES = 16 * MIB
/** A busy machine takes half a minute for a download. */
const TIMEOUT_MS = 300_000

const ways = [
  { way: 'a WebSocket with the credit window', browsers: ['Chromium', 'Firefox'], transport: 'WebSocket',
    options: { flowControl: 'credit' } },
  { way: 'a WebSocketStream', browsers: ['Chromium'], transport: 'WebSocketStream', options: {} },
] as const

/** Nothing holds back what arrives. */
const unbounded = { transport: 'WebSocket', options: { flowControl: 'none', maxBufferedBytes: 2 ** 31 - 1 } } as const
/** Nothing but the limit on what nobody reads, which is 16 MiB. */
const limited = { transport: 'WebSocket', options: { flowControl: 'none' } } as const

describe.each(installedBrowsers('the memory of a long download'))('$name', ({ name, start }) => {
  async function setUp() {
    const origin = await startPageServer()
    const server = await startDownloadServer(localhost)
    const relay = await MeasuredRelay.start(`127.0.0.1:${server.port}`, origin)
    const browser = await MeasuredBrowser.start(start, origin)
    const order = (how: Pick<Order, 'transport' | 'options'>, size: Pick<Order, 'bytes' | 'pauseEveryBytes'>): Order =>
      ({ relay: relay.url, port: server.port, ca: authority.ca.cert, ...how, ...size })
    return { server, relay, browser, order }
  }

  it.each(
    ways.filter(({ browsers }) => (browsers as readonly string[]).includes(name)),
  )('holds little of a download by $way', async ({ way, ...how }) => {
    const { server, relay, browser, order } = await setUp()
    await browser.start(order(how, WARM_UP))
    while (await browser.pausedOrDone() === 'paused') await browser.resume()
    const [relayBefore, browserBefore] = await Promise.all([relay.settled(), browser.settled()])
    const before = { relay: relayBefore, browser: browserBefore }

    await browser.start(order(how, DOWNLOAD))
    let pauses = 0
    let ended = false
    while (!ended) {
      ended = await browser.pausedOrDone() === 'done'
      if (!ended) await standstill(server)
      const { readBytes } = await browser.progress()
      const littered = { relay: before.relay.growthTo(relay.memory()), browser: before.browser.growthTo(browser.memory()) }
      const [relayNow, browserNow] = await Promise.all([relay.settled(), browser.settled()])
      const held = { relay: before.relay.growthTo(relayNow), browser: before.browser.growthTo(browserNow) }
      console.log(`${name}, ${way}: ${mib(readBytes)} read, the server ${mib(server.sentBytes - readBytes)} ahead:`
        + ` relay ${held.relay}, browser ${held.browser}; with garbage: relay ${littered.relay}, browser ${littered.browser}`)
      expect(held.relay.bytes).toBeLessThan(MAX_GROWTH_BYTES)
      expect(held.browser.bytes).toBeLessThan(MAX_GROWTH_BYTES)
      if (ended) continue
      // So the pause has reached the server. Sockets of the system hold tens of MiB where they may.
      if (pauses++ === 0) expect(server.sentBytes).toBeLessThan(DOWNLOAD.bytes)
      await browser.resume()
    }
    expect(pauses).toBe(3)
    expect((await browser.progress()).readBytes).toBe(DOWNLOAD.bytes)
    expect(browser.problems).toEqual([])
  }, TIMEOUT_MS)

  it('holds what comes where nothing holds it back, and fails when there is too much', async () => {
    const { server, browser, order } = await setUp()
    const before = await browser.settled()
    await browser.start(order(unbounded, { bytes: 64 * MIB, pauseEveryBytes: 16 * MIB }))
    expect(await browser.pausedOrDone()).toBe('paused')
    await allSent(server, 64 * MIB)
    const growth = before.growthTo(await browser.settled())
    console.log(
      `${name}, a WebSocket that nothing holds back: ${mib(server.sentBytes)} sent, `
        + `${mib((await browser.progress()).readBytes)} read: browser ${growth}`,
    )
    // 48 MiB are there that nobody has read: the measure above sees such things.
    expect(growth.bytes).toBeGreaterThan(40 * MIB)
    while (await browser.pausedOrDone() === 'paused') await browser.resume()
    expect((await browser.progress()).readBytes).toBe(64 * MIB)

    await browser.start(order(limited, { bytes: 64 * MIB, pauseEveryBytes: 16 * MIB }))
    expect(await browser.pausedOrDone()).toBe('paused')
    await standstill(server)
    await browser.resume()
    const [code, cause] = await browser.failure()
    expect(code).toMatch(/^ERR_TLS_TRANSPORT:/)
    expect(cause).toContain(String(16 * MIB)) // of all that can go wrong with a transport, it was this
    expect((await browser.progress()).readBytes).toBeLessThan(64 * MIB)
  }, TIMEOUT_MS)
})

it('a relay that is told to hold much does, and it is seen', async () => {
  const server = await startDownloadServer(localhost)
  const relay = await MeasuredRelay.startUnbounded(`127.0.0.1:${server.port}`)
  const before = await relay.settled()
  // `ws` can be paused: so TCP holds back the relay.
  const tls = connect(openTunnel(relay.url, { host: '127.0.0.1', port: server.port }, { WebSocket, flowControl: 'none' }),
    { servername: 'localhost', ca: authority.ca.cert })
  const writer = tls.writable.getWriter()
  await writer.write(new TextEncoder().encode(`${128 * MIB}\n`))
  const reader = tls.readable.getReader()
  await reader.read()
  await allSent(server, 128 * MIB)
  const growth = before.growthTo(await relay.settled())
  console.log(`a relay with a high-water mark of 1 GiB: relay ${growth}`)
  expect(growth.bytes).toBeGreaterThan(64 * MIB) // the rest is in the system's sockets
  tls.abort()
}, TIMEOUT_MS)

/** Waits until the server has stopped getting rid of anything: it has sent all, or is held back. */
async function standstill(server: DownloadServer): Promise<void> {
  let before = -1
  for (let same = 0; same < 10; before = server.sentBytes) {
    await delay(50)
    same = server.sentBytes === before ? same + 1 : 0
  }
}

/** The test's own time limit bounds it. */
async function allSent(server: DownloadServer, bytes: number): Promise<void> {
  while (server.sentBytes < bytes) await delay(50)
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`
}
