// What the relay's HTTP side reads: requests, and what follows an upgrade.

import { once } from 'node:events'
import { connect } from 'node:net'
import { startRelay, type Relay } from '../../src/apps/relay/relay.js'
import { utf8 } from '../../src/base/bytes.js'
import type { Target } from './fuzz.js'
import { rawNode, writeNodes, type Format } from './tree.js'

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
/** A CREDIT of 64 KiB, masked by zeros, and a ping. */
const FRAMES = '\x82\x85\0\0\0\0\x01\0\x01\0\0\x89\x80\0\0\0\0'
const requests = [
  'GET /healthz HTTP/1.1\r\nHost: relay.example\r\n\r\n',
  `GET /127.0.0.1:1 HTTP/1.1\r\nHost: relay.example\r\nOrigin: https://page.example\r\n`
    + `${UPGRADE}Sec-WebSocket-Protocol: libssl-wasm.credit.v1\r\n\r\n${FRAMES}`,
  `GET /wisp/ HTTP/1.1\r\nHost: relay.example\r\n`
    + `${UPGRADE}Sec-WebSocket-Protocol: wisp-v2\r\nX-Forwarded-For: 192.0.2.1, 2001:db8::1\r\n\r\n${FRAMES}`,
  `GET /%5B::1%5D:1?token=secret HTTP/1.1\r\nHost: [::1]:8080\r\nAuthorization: Bearer secret\r\n`
    + `Forwarded: for="[2001:db8::1]:80";proto=https\r\n${UPGRADE}\r\n`,
  'POST / HTTP/1.1\r\nHost: relay.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: relay.example\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n',
].map((text) => new Uint8Array(Buffer.from(text, 'latin1')))

/** Lines, which may be dropped, repeated and exchanged. */
const lines: Format = {
  read: (bytes) => (Buffer.from(bytes).toString('latin1').match(/[^\n]*\n|[^\n]+/g) ?? [])
    .map((line) => rawNode(new Uint8Array(Buffer.from(line, 'latin1')))),
  write: writeNodes,
}

/** Sends `bytes` and the end; what came back by the time that the relay has closed. */
async function exchange(relay: Relay, bytes: Uint8Array): Promise<string> {
  const socket = connect({ port: relay.port, host: '127.0.0.1' })
  const received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  socket.on('error', () => {}) // a reset is an end, too
  socket.end(bytes)
  await once(socket, 'close')
  return Buffer.concat(received).toString('latin1')
}

/** A relay in this process that allows one address, where nothing listens. Ends by `close`. */
export async function relayTarget(): Promise<{ target: Target; close(): Promise<void> }> {
  const relay = await startRelay({ allow: ['127.0.0.1:1'], trustProxy: ['127.0.0.1'], log: () => {} })
  return {
    close: () => relay.close(),
    target: {
      name: "the relay's HTTP side",
      async run(_, input) {
        const answer = await exchange(relay, input.change(requests[input.pick % requests.length]!, lines))
        if (answer !== '' && !/^HTTP\/1\.1 [1-5]\d\d /.test(answer)) {
          throw new Error(`no answer of HTTP: ${JSON.stringify(answer.slice(0, 200))}`)
        }
        const health = await exchange(relay, utf8('GET /healthz HTTP/1.1\r\nHost: relay.example\r\nConnection: close\r\n\r\n'))
        if (!health.startsWith('HTTP/1.1 200 ')) throw new Error(`it is not well any more: ${JSON.stringify(health.slice(0, 200))}`)
      },
    },
  }
}
