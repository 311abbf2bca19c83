// Bulk data through the stream front end: encrypted and decrypted on one thread.

import type { TlsConnection } from '../dist/index.js'
import { byTurns, row, time } from './measure.js'
import { Library, nodes } from './peers.js'

const CHUNK_BYTES = 64 * 1024
export const TOTAL_BYTES = 32 * 1024 * 1024

/** Takes both streams; each call carries as many bytes as {@link TOTAL_BYTES}. */
export function carrier(from: TlsConnection, to: TlsConnection): () => Promise<void> {
  const chunk = new Uint8Array(CHUNK_BYTES)
  const writer = from.writable.getWriter()
  const reader = to.readable.getReader()
  return async () => {
    const written = (async () => {
      for (let sent = 0; sent < TOTAL_BYTES; sent += CHUNK_BYTES) await writer.write(chunk)
    })()
    for (let got = 0; got < TOTAL_BYTES;) got += (await reader.read()).value!.byteLength
    await written
  }
}

export async function bulk(): Promise<void> {
  const library = await Library.open()
  for (const [ciphersuites, wanted] of [
    ['TLS_CHACHA20_POLY1305_SHA256', 'at least 0.35×'], ['TLS_AES_128_GCM_SHA256', ''], ['TLS_AES_256_GCM_SHA384', ''],
  ] as const) {
    const suite = { ciphersuites, groups: 'X25519' }
    const ourPair = await library.pair(suite)
    const nodePair = await nodes(suite)
    for (const up of [true, false]) {
      const from = up ? ourPair.client : ourPair.server
      const to = up ? ourPair.server : ourPair.client
      const nodeFrom = up ? nodePair.client : nodePair.server
      const nodeTo = up ? nodePair.server : nodePair.client
      const carried = carrier(from, to)
      const chunk = new Uint8Array(CHUNK_BYTES)
      const [ourMs, nodeMs] = await byTurns(5, () => time(carried), () => time(() => new Promise((resolve) => {
        let got = 0
        const onData = (data: Buffer) => {
          got += data.length
          if (got < TOTAL_BYTES) return
          nodeTo.off('data', onData)
          resolve()
        }
        nodeTo.on('data', onData)
        let sent = 0
        const send = () => {
          while (sent < TOTAL_BYTES) {
            sent += CHUNK_BYTES
            if (!nodeFrom.write(chunk)) return void nodeFrom.once('drain', send)
          }
        }
        send()
      })))
      const speed = (ms: number) => `${Math.round(TOTAL_BYTES / 1000 / ms)} MB/s`
      row(`bulk, ${ciphersuites}, ${up ? 'client to server' : 'server to client'}`, speed(ourMs!), speed(nodeMs!), nodeMs! / ourMs!, wanted)
    }
  }
}
