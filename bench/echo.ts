// Small messages: 1 KiB to the server and back, one after the other, on one thread.

import { byTurns, row, time } from './measure.js'
import { Library, nodes } from './peers.js'

const COUNT = 200
const message = new Uint8Array(1024)

export async function echo(): Promise<void> {
  const library = await Library.open()
  for (const ciphersuites of ['TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256']) {
    const suite = { ciphersuites, groups: 'X25519' }
    const { client, server } = await library.pair(suite)
    void server.readable.pipeTo(server.writable).catch(() => {})
    const [writer, reader] = [client.writable.getWriter(), client.readable.getReader()]
    const node = await nodes(suite)
    node.server.on('data', (data: Buffer) => node.server.write(data))
    const [ours, theirs] = await byTurns(21, () => time(async () => {
      for (let i = 0; i < COUNT; i++) {
        void writer.write(message)
        for (let got = 0; got < message.length;) got += (await reader.read()).value!.byteLength
      }
    }), () => time(async () => {
      for (let i = 0; i < COUNT; i++) {
        await new Promise<void>((resolve) => {
          let got = 0
          const take = (data: Buffer) => {
            got += data.length
            if (got < message.length) return
            node.client.off('data', take)
            resolve()
          }
          node.client.on('data', take)
          node.client.write(message)
        })
      }
    }))
    const perSecond = (ms: number) => `${Math.round(COUNT * 1000 / ms)}/s`
    row(`echo of 1 KiB, ${ciphersuites}: time`, perSecond(ours!), perSecond(theirs!), ours! / theirs!, '')
  }
}
