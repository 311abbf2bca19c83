import { once } from 'node:events'
import * as net from 'node:net'
import * as tls from 'node:tls'
import { describe, expect, it } from 'vitest'
import ours from '../../src/node/tls/index.js'
import { cert, key, trust } from '../helpers/node-face.js'

describe.each([['node:tls', tls], ['ours', ours as typeof tls]])('end() of a client, %s', (_, module) => {
  it('ends the stream beneath, too, and reads on: some servers wait for that', async () => {
    const server = tls.createServer({ cert, key, allowHalfOpen: true } as tls.TlsOptions)
    // Between them, as a TLS server does not show when TCP has ended.
    const front = net.createServer({ allowHalfOpen: true }, (client) => {
      const toServer = net.connect({ port: (server.address() as net.AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
      client.pipe(toServer).pipe(client)
    })
    for (const one of [server, front]) await once(one.listen(0, '127.0.0.1'), 'listening')
    try {
      const [arrived, accepted] = [once(front, 'connection'), once(server, 'secureConnection')]
      const { port } = front.address() as net.AddressInfo
      const client = module.connect({ ...trust, port })
      const [[beneath], [served]] = await Promise.all([
        arrived, accepted, once(client, 'secureConnect'),
      ]) as unknown as [[net.Socket], [tls.TLSSocket]]
      client.end('the last words')
      await once(beneath, 'end')
      const heard = once(client, 'data')
      served.resume().end('the answer')
      expect(String((await heard)[0])).toBe('the answer')
      await once(client, 'close')
    } finally {
      front.close()
      server.close()
    }
  })
})
