// What onTrace tells, beside what peers that others wrote print of the same messages.

import { describe, expect } from 'vitest'
import type { TraceEvent } from '../../src/index.js'
import { proves } from '../helpers/features.js'
import { rejection } from '../helpers/streams.js'
import { send } from './peers/bytes.js'
import { identities, versions } from './peers/matrix.js'
import { startOpensslClient, startOpensslServer } from './peers/openssl.js'
import { acceptOne, connectTo } from './peers/tcp.js'

type Seen = readonly (readonly [direction: string, name: string, bytes: number])[]

/** Messages and alerts that -msg has printed, as the other side saw them. */
function printed(log: string): Seen {
  return [
    ...log.matchAll(/(<<<|>>>) TLS 1\.\d, (?:Handshake \[length (\w+)\], (\w+)|Alert \[length (\w+)\], (\w+) (\w+))$/gm),
  ].map(([, arrow, messageBytes, message, alertBytes, level, alert]) =>
    [arrow === '<<<' ? 'sent' : 'received', message ?? `${level} ${alert}`, parseInt(messageBytes ?? alertBytes!, 16)])
}

function told(events: readonly TraceEvent[]): Seen {
  return events.flatMap(
    (event) => (event.kind === 'handshake' || event.kind === 'alert' ? [[event.direction, event.name, event.bytes] as const] : []),
  )
}

const each = (direction: string, seen: Seen) => seen.filter(([way]) => way === direction)

describe('onTrace', { timeout: 20_000 }, () => {
  for (const version of versions) {
    proves('trace', { peer: 'openssl s_server', role: 'client', version }, 'names and measures the messages as -msg does', async () => {
      const events: TraceEvent[] = []
      const { peer, port } = await startOpensslServer(identities.EC, version, ['-msg'])
      const connection = await connectTo(port, { onTrace: (event) => events.push(event) })
      await connection.opened
      await send(connection.writable, 'hello\n')
      await peer.printed(/hello/)
      await connection.close({ waitForPeerMs: 5_000 })
      await peer.printed(/>>> TLS 1\.\d, Alert .*close_notify$/m) // after its DONE
      for (const direction of ['sent', 'received']) expect(each(direction, told(events))).toEqual(each(direction, printed(peer.log)))
      expect(told(events)[0]?.[1]).toBe('ClientHello')
      expect(told(events).at(-1)?.[1]).toBe('warning close_notify')
    })

    proves('trace', { peer: 'openssl s_client', role: 'server', version }, 'names and measures the messages as -msg does', async () => {
      const events: TraceEvent[] = []
      const server = await acceptOne({ onTrace: (event) => events.push(event) })
      const peer = await startOpensslClient(server.port, version, ['-msg'])
      const connection = await server.connection
      await connection.opened
      await send(connection.writable, 'hello\n')
      await peer.printed(/hello/)
      await connection.close()
      await peer.end()
      expect(each('sent', told(events))).toEqual(each('sent', printed(peer.log)))
      // Its close_notify comes too late.
      expect(each('received', told(events)))
        .toEqual(each('received', printed(peer.log)).filter(([, name]) => name !== 'warning close_notify'))
    })

    proves('trace', {
      peer: 'openssl s_server', role: 'client', version,
    }, 'tells of the alert that ends the handshake, and of the state that it ends in', async () => {
      const events: TraceEvent[] = []
      const { peer, port } = await startOpensslServer(identities.EC, version, ['-msg'])
      const connection = await connectTo(port, { servername: 'other.example', onTrace: (event) => events.push(event) })
      await rejection(connection.opened)
      expect(events.findLast(({ kind }) => kind === 'alert')).toMatchObject({ direction: 'sent', name: 'fatal bad_certificate', bytes: 2 })
      expect(events.findLast(({ kind }) => kind === 'state')).toMatchObject({
        step: 'passed', name: expect.stringMatching(/^(SSLv3\/TLS read server hello|TLSv1\.3 read encrypted extensions)$/),
      })
      expect(events.some((event) => event.kind === 'state' && event.step === 'handshake done')).toBe(false)
      await peer.printed(/<<< TLS 1\.\d, Alert \[length 0002\], fatal bad_certificate/)
    })
  }
})
