// One client of the relay, however busy, does not hold up the others. `npm run relay-load` measures it.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { NodeHandshakes } from '../../src/apps/relay/node-visitor.js'
import { CREDIT_PROTOCOL } from '../../src/transports/websocket-credit.js'
import { Attacker, frame } from '../helpers/attacked-relay.js'

const MESSAGES = 1000

describe('NodeHandshakes', () => {
  it.each([undefined, CREDIT_PROTOCOL])('gives one message of a client in a turn of the event loop, however many came at once (%s)', async (protocol) => {
    const handshakes = new NodeHandshakes(1024 * 1024)
    const server = createServer()
    onTestFinished(() => void server.close())
    let inTurn = 0
    let most = 0
    const all = new Promise<void>((resolve) => {
      let left = MESSAGES
      const hear = () => {
        if (inTurn === 0) setImmediate(() => { inTurn = 0 })
        most = Math.max(most, ++inTurn)
        if (--left === 0) resolve()
      }
      server.on('upgrade', (request, socket, head) => {
        void handshakes.shake(request, socket as Socket, head, protocol, (client) => client.addEventListener('message', hear))
      })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const client = await Attacker.open((server.address() as AddressInfo).port, '/', protocol)
    await client.send(Buffer.concat(Array<Buffer>(MESSAGES).fill(frame(Uint8Array.of(1)))))
    await all
    expect(most).toBe(1)
  })
})
