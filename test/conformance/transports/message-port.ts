// A MessageChannel under the transport contract: every runtime with threads has one.

import { fromMessagePort } from '../../../src/index.js'
import { rejection } from '../../helpers/streams.js'
import { transportContract, type TestKit } from '../../helpers/transport-contract.js'

/** Not for workerd: its MessagePort stays within one thread, and transfers nothing. */
export function messagePortTransport(kit: TestKit): void {
  for (const highWaterMarkBytes of [256 * 1024, 1000]) {
    transportContract(kit, `fromMessagePort with a window of ${highWaterMarkBytes} bytes`, async () => {
      const { port1, port2 } = new MessageChannel()
      const [near, far] = [fromMessagePort(port1, { highWaterMarkBytes }), fromMessagePort(port2, { highWaterMarkBytes })]
      const fail = () => {
        far.readable.cancel(new Error('broken')).catch(() => {})
        far.writable.abort(new Error('broken')).catch(() => {})
      }
      return { near, far, fail, failure: /broken/, dispose: () => { port1.close() } }
    }, { boundBytes: 512 * 1024 })
  }

  kit.describe('fromMessagePort', () => {
    kit.it('leaves what was written to its owner', async () => {
      const { port1, port2 } = new MessageChannel()
      const [near, far] = [fromMessagePort(port1), fromMessagePort(port2)]
      const bytes = Uint8Array.of(1, 2, 3)
      await near.writable.getWriter().write(bytes)
      kit.expect([...bytes]).toEqual([1, 2, 3])
      kit.expect([...(await far.readable.getReader().read()).value!]).toEqual([1, 2, 3])
      port1.close()
    })

    kit.it('sends a reason that cannot be cloned as its words', async () => {
      const { port1, port2 } = new MessageChannel()
      const [near, far] = [fromMessagePort(port1), fromMessagePort(port2)]
      const reading = rejection(far.readable.getReader().read())
      await near.writable.abort(() => 'a function')
      kit.expect(String(await reading)).toMatch(/a function/)
      port1.close()
    })

    kit.it('fails when somebody else posts over the port', async () => {
      const { port1, port2 } = new MessageChannel()
      const { readable, writable } = fromMessagePort(port1)
      const errors = [rejection(readable.getReader().read()), rejection(writable.getWriter().closed)]
      port2.postMessage('hello')
      for (const error of await Promise.all(errors)) kit.expect(error instanceof TypeError).toBe(true)
      port1.close()
    })
  })
}
