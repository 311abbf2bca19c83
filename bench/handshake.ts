// Handshakes, both sides, on one thread.

import { byTurns, row, time } from './measure.js'
import { load, nodes, ours } from './peers.js'

const COUNT = 100
const ciphersuites = 'TLS_CHACHA20_POLY1305_SHA256'

export async function handshakes(): Promise<void> {
  const libssl = await load()
  for (const [name, groups, wanted] of [
    ['X25519', 'X25519', 'at most 1.5×'],
    ['P-256', 'P-256', ''],
    ['X25519MLKEM768 (against X25519)', 'X25519MLKEM768', ''],
  ] as const) {
    const result = await byTurns(7, () => time(async () => {
      for (let i = 0; i < COUNT; i++) {
        const { client, server } = await ours({ name, ciphersuites, groups }, libssl)
        await Promise.all([client.close(), server.close()])
      }
    }), () => time(async () => {
      for (let i = 0; i < COUNT; i++) {
        const { client, server } = await nodes(ciphersuites, groups === 'X25519MLKEM768' ? 'X25519' : groups)
        client.destroy()
        server.destroy()
      }
    }))
    const perSecond = (ms: number) => `${Math.round(COUNT * 1000 / ms)}/s`
    row(`handshake, EC P-256 certificate, ${name}: time`, perSecond(result.ours), perSecond(result.theirs), result.ours / result.theirs, wanted)
  }
}
