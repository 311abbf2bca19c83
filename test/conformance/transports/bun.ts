// Bun's sockets under the transport contract, over TCP on loopback.

import { bunSocketHandlers, fromBunSocket, type BunSocketHandlers, type BunSocketLike, type ByteTransport } from '../../../src/index.js'
import { noise, readAll, rejection, same, writeAll } from '../../helpers/streams.js'
import { tcpBuffersBytes, transportContract, type TestKit } from '../../helpers/transport-contract.js'

interface Listener {
  readonly port: number
  stop(closeActiveConnections?: boolean): void
}

interface SocketOptions {
  readonly hostname: string
  readonly port: number
  readonly allowHalfOpen: true
  readonly socket: Partial<BunSocketHandlers>
}

/** What is used of Bun, of whose types the project has none. */
declare const Bun: {
  listen(options: SocketOptions): Listener
  connect(options: SocketOptions): Promise<BunSocketLike>
}

const loopback = { hostname: '127.0.0.1', allowHalfOpen: true } as const

export function bunSocketTransport(kit: TestKit): void {
  transportContract(kit, 'fromBunSocket', async () => {
    const { near, far, dispose } = await pair(bunSocketHandlers())
    return { near: fromBunSocket(near), far, fail: () => near.terminate(), dispose }
  }, { boundBytes: tcpBuffersBytes(1) })

  kit.describe('fromBunSocket', () => {
    kit.it('takes over a socket of Bun.connect that has other handlers', async () => {
      const { near, far, dispose } = await pair({ data() { throw new Error('no longer mine') } })
      const { readable, writable } = fromBunSocket(near)
      const echo = far.readable.pipeTo(far.writable)
      const received = readAll(readable)
      await writeAll(writable, noise(1_000_000))
      await writable.close()
      kit.expect(same(await received, noise(1_000_000))).toBe(true)
      await echo
      dispose()
    })

    kit.it("refuses a listener's socket that has other handlers", async () => {
      let opened!: (socket: BunSocketLike) => void
      const opening = new Promise<BunSocketLike>((resolve) => { opened = resolve })
      const listener = Bun.listen({ ...loopback, port: 0, socket: { open: opened, data() {} } })
      const near = await Bun.connect({ ...loopback, port: listener.port, socket: { data() {} } })
      const theirs = await opening
      const error = await rejection((async () => fromBunSocket(theirs))())
      kit.expect((error as { code?: unknown }).code).toBe('ERR_TLS_INVALID_ARGUMENT')
      near.terminate()
      listener.stop(true)
    })
  })
}

/** `near` as Bun has it, with these handlers. */
async function pair(socket: Partial<BunSocketHandlers>): Promise<{ near: BunSocketLike; far: ByteTransport; dispose: () => void }> {
  let opened!: (transport: ByteTransport) => void
  const opening = new Promise<ByteTransport>((resolve) => { opened = resolve })
  const listener = Bun.listen({ ...loopback, port: 0, socket: bunSocketHandlers(opened) })
  const near = await Bun.connect({ ...loopback, port: listener.port, socket })
  const dispose = () => {
    near.terminate() // it may be paused, and would not hear of the other's end
    listener.stop(true)
  }
  return { near, far: await opening, dispose }
}
