// A context that connections in a worker share.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  accept, createContext, load, memoryServerSessionCache, memoryTransportPair, TicketKeys, type AcceptOptions, type ConnectOptions,
  type LibSsl, type TlsSession,
} from '../../../src/index.js'
import { createWorker, type TlsWorker } from '../../../src/worker.js'
import { authority, localhost } from '../../helpers/certificates.js'
import { closeBoth, noise, readBytes, rejection, same, serverOptions, until, VERSIONS, writeAll } from '../../helpers/stream-peers.js'

const script = new URL('../../../dist/frontends/worker/libssl-wasm/worker-script.js', import.meta.url)
const ca = authority.ca.cert
const servername = 'localhost'

/** What was posted to the worker over the worker itself. */
const posted: {
  readonly type: string
  readonly context?: { readonly id: number; readonly options?: object }
  readonly options?: object
}[] = []
let libssl: LibSsl
let worker: TlsWorker
beforeAll(async () => {
  libssl = await load()
  const thread = new Worker(script)
  const postMessage = thread.postMessage.bind(thread)
  thread.postMessage = (message: typeof posted[number], transfer: never) => {
    posted.push(message)
    postMessage(message, transfer)
  }
  worker = createWorker({ worker: thread as never })
})
afterAll(() => worker.terminate())

const pair = (client: ConnectOptions, server: AcceptOptions) => {
  const [near, far] = memoryTransportPair()
  return { client: worker.connect(near, client), server: accept(far, { libssl, ...server }) }
}

describe.each(VERSIONS)('a context in worker mode, %s', (version) => {
  const pinned = { minVersion: version, maxVersion: version } as const

  it('crosses once, and serves many connections, each with its own options', async () => {
    posted.length = 0
    const context = createContext({ ...pinned, ca, alpnProtocols: ['one'] })
    const alpn = await Promise.all([undefined, ['other'], undefined].map(async (alpnProtocols) => {
      const both = pair({ context, servername, alpnProtocols }, serverOptions({ version, server: { alpnProtocols: ['one', 'other'] } }))
      await writeAll(both.client.writable, noise(1000))
      expect(same(await readBytes(both.server.readable, 1000), noise(1000))).toBe(true)
      await closeBoth(both)
      return (await both.client.opened).alpnProtocol
    }))
    expect(alpn).toEqual(['one', 'other', 'one'])
    expect(posted.map((begin) => begin.context?.options !== undefined)).toEqual([true, false, false])
    expect(posted.some(({ options }) => options && 'ca' in options)).toBe(false)
    context.free()
    expect(posted.at(-1)).toEqual({ type: 'free context', id: posted[0]!.context!.id })
    expect(() => pair({ context, servername }, serverOptions())).toThrow(expect.objectContaining({ code: 'ERR_TLS_DISPOSED' }))
  })

  it('a connection that was begun goes on when it is freed', async () => {
    const context = createContext({ ...pinned, ca })
    const both = pair({ context, servername }, serverOptions({ version }))
    context.free()
    await closeBoth(both)
  })

  /** Of one connection after the other to a server whose context has these keys: whether each resumes the last session. */
  async function resumptions(ticketKeys: TicketKeys, turns: number, afterTurn: (turn: number) => void): Promise<boolean[]> {
    const context = createContext({ ...pinned, cert: localhost.cert, key: localhost.key, ticketKeys })
    const resumed: boolean[] = []
    let session: TlsSession | undefined
    for (let turn = 0; turn < turns; turn++) {
      const [near, far] = memoryTransportPair()
      const server = worker.accept(far, { context })
      // The other side is in the worker as well, with a context of its own.
      const client = worker.connect(near, { ...pinned, ca, servername, session, onSession: (one) => { session = one } })
      await writeAll(server.writable, Uint8Array.of(1))
      await readBytes(client.readable, 1)
      await until(() => session !== undefined)
      resumed.push((await server.opened).resumed)
      await closeBoth({ client, server })
      afterTurn(turn)
    }
    return resumed
  }

  it('is a server\'s, too, whose ticket keys rotate here', async () => {
    const ticketKeys = new TicketKeys()
    expect(await resumptions(ticketKeys, 2, () => ticketKeys.rotate())).toEqual([false, true])
  })

  it('is a server\'s whose keys are forgotten here: the worker forgets them, too', async () => {
    const ticketKeys = new TicketKeys(undefined, { maxKeys: 1 })
    expect(await resumptions(ticketKeys, 3, (turn) => { if (turn === 1) ticketKeys.rotate() })).toEqual([false, true, false])
  })

  it('its callbacks are asked on the page, for each connection', async () => {
    const seen: string[] = []
    const context = createContext({ ...pinned, ca, verify: (chain) => { seen.push(chain[0]!.subject) } })
    for (let turn = 0; turn < 2; turn++) await closeBoth(pair({ context, servername }, serverOptions({ version })))
    expect(seen).toEqual(['CN=localhost', 'CN=localhost'])
  })
})

describe('a context in worker mode', () => {
  it('is refused with what cannot cross, by name, each time', () => {
    const contexts = {
      libssl: createContext({ ca, libssl }),
      sessionCache: createContext({ cert: localhost.cert, key: localhost.key, sessionCache: memoryServerSessionCache() }),
    }
    for (let turn = 0; turn < 2; turn++) {
      const refused = (option: string) => expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option })
      const [transport] = memoryTransportPair()
      expect(() => worker.connect(transport, { context: contexts.libssl, servername })).toThrow(refused('libssl'))
      expect(() => worker.accept(transport, { context: contexts.sessionCache })).toThrow(refused('sessionCache'))
      expect(transport.readable.locked).toBe(false)
    }
  })

  it('says what OpenSSL refuses of it, each time', async () => {
    const context = createContext({ ca, groups: 'nonsense' })
    for (let turn = 0; turn < 2; turn++) {
      const both = pair({ context, servername }, serverOptions())
      expect(await rejection(both.client.opened)).toMatchObject({ name: 'ApiMisuseError', option: 'groups' })
      await rejection(both.server.opened)
    }
  })

  it('lets go of a worker that has ended', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const context = createContext({ ca })
    const ended = await (async () => {
      const thread = new Worker(script)
      const exit = new Promise((resolve) => { thread.once('exit', resolve) })
      const other = createWorker({ worker: thread })
      const { closed } = other.connect(memoryTransportPair()[0], { context, servername })
      other.terminate()
      await Promise.all([exit, rejection(closed)])
      return new WeakRef(thread)
    })()
    await vi.waitFor(() => {
      collect()
      expect(ended.deref() === undefined).toBe(true) // the error of an expect would keep it
    }, { timeout: 30_000, interval: 10 })
    context.free()
  })
})
