// The examples of docs/open-connections.md and docs/inspecting.md.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { authority, file } from '../helpers/certificates.js'
import { identities } from '../interop/peers/matrix.js'
import { startOpensslServer } from '../interop/peers/openssl.js'
import { Peer } from '../interop/peers/process.js'

const repo = join(import.meta.dirname, '../..')

describe('the examples of docs/open-connections.md and docs/inspecting.md', () => {
  it.each(['open-connections.md', 'inspecting.md'])('%s shows them as they are', (page) => {
    const examples = [...readFileSync(join(repo, 'docs', page), 'utf8').matchAll(/<!-- example: (\S+) -->\n```js\n(.*?)```/gs)]
    expect(examples).toHaveLength(1)
    for (const [, name, code] of examples) expect(code).toBe(readFileSync(join(repo, name!), 'utf8'))
  })

  it('examples/exporter.mjs exports what s_server exports, and updates keys', async () => {
    const { peer, port } = await startOpensslServer(identities.EC, 'TLSv1.3', ['-msg', '-keymatexport', 'EXPERIMENTAL example', '-keymatexportlen', '32'])
    const example = await Peer.start('node', ['examples/exporter.mjs', 'localhost', String(port), authority.ca.cert], { cwd: repo })
    expect(await example.end()).toBe(0)
    const [, exported] = await peer.printed(/Keying material: ([0-9A-F]{64})/)
    expect(example.stdout.toString()).toMatch(new RegExp(`^TLSv1\\.3 tls-exporter [0-9a-f]{64}\n${exported!.toLowerCase()}\n$`))
    await peer.printed(/with the first keys\n[^]*KeyUpdate[^]*with new keys\n/)
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('examples/inspecting.mjs tells what passes, and keeps the secrets, under %s', async (version) => {
    const { port } = await startOpensslServer(identities.EC, version)
    const keys = file(`example-${version}.keys`)
    const example = await Peer.start('env', [`SSLKEYLOGFILE=${keys}`, 'node', 'examples/inspecting.mjs', 'localhost', String(port), authority.ca.cert], { cwd: repo })
    expect(await example.end()).toBe(0)
    for (const line of [/^ *\d+\.\d · handshake started before SSL initialization$/m, /→ handshake ClientHello \d+$/m, /← handshake ServerHello \d+$/m,
      /· passed SSLv3\/TLS read server hello$/m, /· handshake done SSL negotiation finished successfully$/m, /← record application_data \d+$/m,
      /→ alert warning close_notify 2$/m]) expect(example.stdout.toString()).toMatch(line)
    expect(readFileSync(keys, 'utf8')).toMatch(version === 'TLSv1.3' ? /^CLIENT_TRAFFIC_SECRET_0 /m : /^CLIENT_RANDOM /m)
  })
})
