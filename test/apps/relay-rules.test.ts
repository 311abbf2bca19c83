// The rules of a relay in Node beside the admission of a request: limits of time and number, origins, and Wisp's part in them.

import { once } from 'node:events'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket } from 'ws'
import { startRelay } from '../../src/apps/relay/relay.js'
import type { WebSocketLike } from '../../src/index.js'
import { connectWisp } from '../../src/wisp.js'
import { ask, lastConnection, openWebSocket, setUpRelay } from '../helpers/relays.js'
import { readAll, rejection, until } from '../helpers/streams.js'
import { startTarget } from '../helpers/tunnels.js'

describe('startRelay', () => {
  it('closes a tunnel in which nothing moves', async () => {
    const { relay, log, target } = await setUpRelay({ idleTimeoutMs: 50 })
    const { socket } = await ask(`${relay.url}/${target.address}`)
    expect((await once(socket, 'close'))[0]).toBe(1001)
    await until(() => relay.connections === 0)
    expect(log.at(-1)).toMatchObject({ event: 'end', result: 'nothing moved for 50 ms' })
  })

  it('closes a Wisp connection in whose streams nothing moves, and one without streams', async () => {
    const { relay, log, target } = await setUpRelay({ idleTimeoutMs: 50 })
    for (const streams of [0, 1]) {
      const socket = openWebSocket(`${relay.url}/wisp/`)
      const wisp = await connectWisp(socket as WebSocketLike)
      const failed = streams > 0 && rejection(readAll(wisp.open(target).readable))
      expect((await once(socket, 'close'))[0]).toBe(1001)
      await failed
      await until(() => relay.connections === 0)
      expect(log.at(-1)).toMatchObject({ event: 'end', target: '/wisp/', result: 'nothing moved for 50 ms' })
    }
  })

  it.each([
    ['https://*.app.example', 'each origin'], ['https://App.example', '\'https://app.example\''],
    ['HTTPS://app.example', '\'https://app.example\''],
    ['https://app.example:443', '\'https://app.example\''], ['http://app.example:80', '\'http://app.example\''],
    ['https://app.example/', '\'https://app.example\''], ['https://app.example/index.html?x', '\'https://app.example\''],
    ['https://bücher.example', '\'https://xn--bcher-kva.example\''], ['http://[0:0::1]:5173', '\'http://[::1]:5173\''],
    ['wss://app.example', '\'https://app.example\''], ['chrome-extension://abcdef/', '\'chrome-extension://abcdef\''],
    ['app.example', "write 'https://app.example'"], ['localhost:5173', "write 'http://localhost:5173'"],
    ['127.0.0.1:4173/x', "write 'http://127.0.0.1:4173'"],
    ['[::1]:8080', "write 'http://[::1]:8080'"], ['app.example:8443', "write 'https://app.example:8443'"], ['', 'is not an origin'],
    ['https://', 'is not an origin'], ['https://a b', 'is not an origin'], ['*', 'each origin'], [1, 'not a text'],
  ])('refuses an origin that no browser sends, %s, and says %s', async (origin, advice) => {
    await expect(startRelay({ origins: ['https://good.example', origin as string] })).rejects.toMatchObject({
      code: 'ERR_TLS_INVALID_OPTION', option: 'origins', message: expect.stringContaining(advice),
    })
  })

  it('takes the origins that browsers send', async () => {
    await setUpRelay({
      origins: [
        'null', 'http://localhost:5173', 'https://app.example', 'http://[::1]:8044', 'moz-extension://0a-1b', 'capacitor://localhost',
      ],
    })
  })

  it('gives up a Wisp client that does not answer, when nothing moves', async () => {
    const { relay } = await setUpRelay({ idleTimeoutMs: 50 })
    const { socket } = await ask(`${relay.url}/wisp/`)
    socket.pause()
    await vi.waitFor(() => expect(relay.connections).toBe(0), { timeout: 10_000 })
  }, 15_000)

  it.each(['target', 'client'])('keeps a Wisp connection in which something moves to the %s', async (to) => {
    const { relay, target } = await setUpRelay({ idleTimeoutMs: 200 })
    const other = await startTarget()
    onTestFinished(() => other.close())
    relay.allow(other.address)
    const wisp = await connectWisp(`${relay.url}/wisp/`, { WebSocket: WebSocket as unknown as new (url: string) => object })
    const [idle, busy] = [wisp.open(other), wisp.open(target)]
    const alive = Promise.race([
      wisp.closed.then(() => false), rejection(readAll(idle.readable)).then(() => false),
      new Promise((resolve) => setTimeout(resolve, 1_000, true)),
    ])
    const writer = busy.writable.getWriter()
    await writer.write(Buffer.from(to))
    const far = await lastConnection(target, to)
    void readAll(busy.readable).catch(() => {})
    far.resume()
    const sending = setInterval(() => { if (to === 'client') far.write('!'); else void writer.write(Buffer.from('!')).catch(() => {}) }, 20)
    onTestFinished(() => clearInterval(sending))
    expect(await alive).toBe(true)
    clearInterval(sending)
    await wisp.close()
  })

  it('does not offer the credit window where its messages would be too long', async () => {
    const { relay, target } = await setUpRelay({ maxMessageBytes: 65536 })
    expect(await ask(`${relay.url}/${target.address}`, ['libssl-wasm.credit.v1', 'libssl-wasm.raw.v1']))
      .toMatchObject({ protocol: 'libssl-wasm.raw.v1' })
  })

  it('counts Wisp\'s streams as connections', async () => {
    const { relay, target } = await setUpRelay({ maxConnections: 3 })
    const wisp = await connectWisp(`${relay.url}/wisp/`, { WebSocket: WebSocket as unknown as new (url: string) => object })
    const streams = [wisp.open(target), wisp.open(target), wisp.open(target)]
    await rejection(readAll(streams[2]!.readable))
    expect(relay.connections).toBe(3)
    expect(await ask(`${relay.url}/${target.address}`)).toMatchObject({ status: 503 })
    await relay.close()
    await wisp.closed
    expect(relay.connections).toBe(0)
  })

  it.each(['is lost', 'aborts its stream'])('resets the target of a Wisp stream whose client %s', async (how) => {
    const { relay, target } = await setUpRelay({})
    const socket = openWebSocket(`${relay.url}/wisp/`)
    const { readable, writable } = (await connectWisp(socket as WebSocketLike)).open(target)
    readable.getReader().closed.catch(() => {})
    const writer = writable.getWriter()
    writer.closed.catch(() => {})
    await writer.write(Buffer.from(how))
    const far = await lastConnection(target, how)
    const end = Promise.race([once(far.resume(), 'end'), new Promise((resolve) => far.once('error', resolve))])
    if (how === 'is lost') socket.terminate()
    else void writer.abort(new Error('enough')).catch(() => {})
    expect(await end).toMatchObject({ code: 'ECONNRESET' })
  })

  it.each([[''], [[]], [['a', '']]])('says what to do about an empty token: %j', async (token) => {
    await expect(startRelay({ token })).rejects.toMatchObject({
      code: 'ERR_TLS_INVALID_OPTION', option: 'token', message: expect.stringMatching(/is empty: give .*, or leave the option out/),
    })
  })

  it.each<[string, unknown]>([
    ['token', ''], ['token', 'two words'], ['token', 'ünicode'], ['token', 1], ['idleTimeoutMs', -1],
  ])('refuses a wrong option %s: %j', async (option, value) => {
    await expect(startRelay({ [option]: value })).rejects.toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option })
  })
})
