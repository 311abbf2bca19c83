// RTCDataChannel under the transport contract: two peer connections of one page, over loopback.

import { accept, connect, fromDataChannel } from '../../../src/index.js'
import { noise, readAll, readBytes, rejection, same, writeAll } from '../../helpers/streams.js'
import { transportContract, type TestKit, type TransportPair } from '../../helpers/transport-contract.js'

const MIB = 1024 * 1024

export function dataChannelTransport(kit: TestKit): void {
  const { describe, it, expect } = kit
  transportContract(kit, 'fromDataChannel', pair, { boundBytes: 40 * MIB, cannotHoldBack: true })

  describe('fromDataChannel', () => {
    const lossy: readonly RTCDataChannelInit[] = [{ ordered: false }, { maxRetransmits: 3 }, { maxPacketLifeTime: 100 }]
    for (const init of lossy) {
      it(`refuses a channel with ${JSON.stringify(init)}`, async () => {
        const connection = new RTCPeerConnection()
        const error = await rejection((async () => fromDataChannel(connection.createDataChannel('', init)))())
        expect((error as { code?: unknown }).code).toBe('ERR_TLS_INVALID_ARGUMENT')
        connection.close()
      })
    }

    it('splits what is longer than a message may be', async () => {
      const { near, far, dispose } = await pair()
      const received = readAll(far.readable)
      await writeAll(near.writable, noise(3_000_000))
      await near.writable.close()
      expect(same(await received, noise(3_000_000))).toBe(true)
      await dispose!()
    })

    it('loses nothing of what the end that was called says first', async () => {
      // Now and then only, and then only in Chromium: so a few times.
      for (let time = 0; time < 5; time++) {
        const { near, far, dispose } = await pair()
        const [heard] = await Promise.all([readBytes(near.readable, 1000), writeAll(far.writable, noise(1000), 100)])
        expect(same(heard, noise(1000))).toBe(true)
        await dispose!()
      }
    })

    it('fails when the other end goes away without a word', async () => {
      const { near, dispose } = await pair()
      const reading = rejection(near.readable.getReader().read())
      await dispose!()
      expect(String(await reading)).toMatch(/RTCDataChannel/)
    })
  })
}

/** TLS between two pages: `accept` in one, `connect` in the other. */
export function tlsOverDataChannel({ describe, it, expect }: TestKit, identity: { ca: string; cert: string; key: string }): void {
  describe('connect and accept over an RTCDataChannel', () => {
    it('talk, and close', async () => {
      const { near, far, dispose } = await pair()
      const client = connect(near, { servername: 'localhost', ca: identity.ca })
      const server = accept(far, { cert: identity.cert, key: identity.key })
      const received = readAll(server.readable)
      await writeAll(client.writable, noise(500_000), 30_000)
      await client.writable.close()
      expect(same(await received, noise(500_000))).toBe(true)
      await Promise.all([client.close(), server.close()])
      await dispose!()
    })
  })
}

/** Firefox, busy, now and then does not get two connections of its own together: then two others. */
async function pair(): Promise<TransportPair> {
  for (;;) {
    const made = await tryPair()
    if (made) return made
  }
}

async function tryPair(): Promise<TransportPair | undefined> {
  const [caller, callee] = [new RTCPeerConnection(), new RTCPeerConnection()]
  // Each side's candidates go into its description: then there is one message each way.
  const gathered = (connection: RTCPeerConnection) => new Promise<void>((resolve) => {
    connection.addEventListener('icecandidate', ({ candidate }) => { if (candidate === null) resolve() })
  })
  const arriving = new Promise<TransportPair['far']>((resolve) => {
    callee.addEventListener('datachannel', ({ channel }) => resolve(fromDataChannel(channel)))
  })
  const channel = caller.createDataChannel('bytes')
  const failed = new Promise<undefined>((resolve) => { channel.addEventListener('close', () => resolve(undefined)) })
  const near = fromDataChannel(channel) // still connecting
  const dispose = () => {
    callee.close()
    caller.close()
  }
  let ready = gathered(caller)
  await caller.setLocalDescription()
  await ready
  await callee.setRemoteDescription(caller.localDescription!)
  ready = gathered(callee)
  await callee.setLocalDescription()
  await ready
  await caller.setRemoteDescription(callee.localDescription!)
  const far = await Promise.race([arriving, failed])
  if (far) return { near, far, fail: () => channel.close(), dispose }
  dispose()
  return undefined
}
