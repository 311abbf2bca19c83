// The face of `node:tls` beside Node's own, and beside the stream face of the same library: handshakes, and bulk data. All of them
// over the same pair of Duplexes, and all servers send two tickets, which all clients take.

import type * as Tls from 'node:tls'
import { byTurns, row, time } from './measure.js'
import { credentials, duplexPair, Library, nodes, X25519, type NodePair, type OursPair } from './peers.js'

const TOTAL_BYTES = 32 * 1024 * 1024
const chunk = Buffer.alloc(64 * 1024)
const HANDSHAKES = 10

export async function nodeFace(): Promise<void> {
  const { default: face } = await import(new URL('../dist/node/tls/index.js', import.meta.url).href) as { default: typeof Tls }
  const { api, libssl } = await Library.open()
  const { cert, key, ca } = credentials
  const forClient = api.createContext({ libssl, ca, ...X25519 })
  const forServer = api.createContext({ libssl, cert, key, ticketKeys: new api.TicketKeys(), ...X25519 })
  const streams = async (): Promise<OursPair> => {
    const [a, b] = duplexPair()
    const pair = {
      client: api.connect(
        api.fromNodeStream(a), { servername: 'localhost', context: forClient, onSession: (session) => session.toBytes() },
      ),
      server: api.accept(api.fromNodeStream(b), { context: forServer }),
    }
    await Promise.all([pair.client.opened, pair.server.opened])
    return pair
  }
  const sockets = (module?: typeof Tls) => nodes(X25519, 'shared', ca, module)

  const many = (one: () => Promise<void>) => () => time(async () => {
    for (let count = 0; count < HANDSHAKES; count++) await one()
  })
  const handshake = (module?: typeof Tls) => many(async () => {
    const { client, server } = await sockets(module)
    client.destroy()
    server.destroy()
  })
  compare('handshake, shared contexts: time', (ms) =>
      `${Math.round(HANDSHAKES * 1000 / ms)}/s`, await byTurns(21, handshake(face), handshake(), many(async () => {
    const { client, server } = await streams()
    await Promise.all([client.close(), server.close()])
  })))

  const [own, theirs, pair] = [await sockets(face), await sockets(), await streams()]
  compare('bulk, client to server: time', (ms) => `${Math.round(TOTAL_BYTES / 1000 / ms)} MB/s`,
      await byTurns(5, () => time(() => carry(own)), () => time(() => carry(theirs)), () => time(async () => {
    const writer = pair.client.writable.getWriter()
    const reader = pair.server.readable.getReader()
    const written = (async () => {
      for (let sent = 0; sent < TOTAL_BYTES; sent += chunk.length) await writer.write(chunk)
    })()
    for (let got = 0; got < TOTAL_BYTES;) got += (await reader.read()).value!.byteLength
    await written
    writer.releaseLock()
    reader.releaseLock()
  })))
}

function compare(what: string, figure: (ms: number) => string, times: readonly number[]): void {
  const [face, native, streams] = times as [number, number, number]
  row(`the face of node:tls, ${what}`, figure(face), figure(native), face / native, '')
  row(`the face of node:tls | the stream face, ${what}`, figure(face), figure(streams), face / streams, 'at most 1.10×')
}

/** Writes with back-pressure, until all of it has come. */
function carry({ client, server }: NodePair): Promise<void> {
  return new Promise((resolve) => {
    let [sent, got] = [0, 0]
    const take = (data: Buffer) => {
      got += data.length
      if (got < TOTAL_BYTES) return
      server.off('data', take)
      resolve()
    }
    server.on('data', take)
    const send = () => {
      while (sent < TOTAL_BYTES) {
        sent += chunk.length
        if (!client.write(chunk)) return void client.once('drain', send)
      }
    }
    send()
  })
}
