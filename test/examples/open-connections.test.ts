// The examples of docs/open-connections.md and docs/inspecting.md.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fromNodeStream, load } from '../../src/index.js'
import { authority, file } from '../helpers/certificates.js'
import { ForgingPeer } from '../helpers/forging-peer.js'
import { identities } from '../interop/peers/matrix.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { Peer } from '../interop/peers/process.js'

const repo = join(import.meta.dirname, '../..')

describe('the examples of docs/open-connections.md and docs/inspecting.md', () => {
  it('examples/exporter.mjs exports what s_server exports, and updates keys', async () => {
    const { peer, port } = await startOpensslServer(
      identities.EC, 'TLSv1.3', ['-msg', '-keymatexport', 'EXPERIMENTAL example', '-keymatexportlen', '32'],
    )
    const example = await Peer.start('node', ['examples/exporter.mjs', 'localhost', String(port), authority.ca.certFile], { cwd: repo })
    expect(await example.end()).toBe(0)
    const [, exported] = await peer.printed(/Keying material: ([0-9A-F]{64})/)
    expect(example.stdout.toString()).toMatch(new RegExp(`^TLSv1\\.3 tls-exporter [0-9a-f]{64}\n${exported!.toLowerCase()}\n$`))
    await peer.printed(/with the first keys\n[^]*KeyUpdate[^]*with new keys\n/)
  })

  it.each([
    ['Content-Length: 6\r\n\r\nall of', 0, /^all of\n$/],
    ['Content-Length: 9\r\n\r\nall of', 1, /Error: the answer was cut/],
  ])('examples/ends.mjs checks an answer that ends without close_notify: %j', async (answer, status, printed) => {
    const lib = await load()
    const server = net.createServer(async (socket) => {
      const peer = new ForgingPeer(lib, 'server', fromNodeStream(socket), 'TLSv1.3')
      await peer.handshake()
      await peer.send(peer.forge.record(23, Buffer.from(`HTTP/1.0 200 ok\r\n${answer}`)))
      await peer.hangUp()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const example = await Peer.start('node', ['examples/ends.mjs', 'localhost', String(port), authority.ca.certFile], { cwd: repo })
    expect(await example.end()).toBe(status)
    await example.printed(printed)
    server.close()
  })

  it.each(
    ['TLSv1.2', 'TLSv1.3'] as const,
  )('examples/inspecting.mjs tells what passes, and keeps the secrets, under %s', async (version) => {
    const { port } = await startOpensslServer(identities.EC, version)
    const keys = file(`example-${version}.keys`)
    const example = await Peer.start(
      'env', [`SSLKEYLOGFILE=${keys}`, 'node', 'examples/inspecting.mjs', 'localhost', String(port), authority.ca.certFile], { cwd: repo },
    )
    expect(await example.end()).toBe(0)
    for (const line of [/^ *\d+\.\d · handshake started before SSL initialization$/m, /→ handshake ClientHello \d+$/m,
      /← handshake ServerHello \d+$/m, /· passed SSLv3\/TLS read server hello$/m,
      /· handshake done SSL negotiation finished successfully$/m, /← record application_data \d+$/m,
      /→ alert warning close_notify 2$/m]) expect(example.stdout.toString()).toMatch(line)
    expect(readFileSync(keys, 'utf8')).toMatch(version === 'TLSv1.3' ? /^CLIENT_TRAFFIC_SECRET_0 /m : /^CLIENT_RANDOM /m)
  })
})
