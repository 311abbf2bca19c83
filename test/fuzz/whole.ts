// Whole connections over a wire on which one piece is changed, whenever that comes, and after which nothing comes any more: every
// promise that the user has been given settles.

import { concat } from '../../src/base/bytes.js'
import { memoryTransportPair, type ByteTransport, type LibSsl, type TlsConnection } from '../../src/index.js'
import { utf8, type Side } from '../helpers/link.js'
import { peers, VERSIONS } from '../helpers/stream-peers.js'
import { demandDocumented, type Input, type Target } from './fuzz.js'
import { records } from './tree.js'

/** A conversation brings about so many pieces in each direction. */
const PIECES = 6

/** Passes on what is read, but for the piece that is changed, with which it ends. */
async function carry(
  from: ByteTransport, to: ByteTransport, change?: (piece: Uint8Array, index: number) => Uint8Array | undefined,
): Promise<void> {
  let index = 0
  const wire = new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, controller) {
      const changed = change?.(piece, index++)
      controller.enqueue(changed ?? piece)
      if (changed) controller.terminate()
    },
  })
  await from.readable.pipeThrough(wire).pipeTo(to.writable).catch(() => {}) // either end has failed, and is told
}

async function converse({ opened, readable, writable, closed }: TlsConnection): Promise<void> {
  const writer = writable.getWriter()
  const words = writer.write(utf8('a line of plaintext')).then(() => writer.close())
  for (const end of await Promise.allSettled([opened, readable.pipeTo(new WritableStream()), writer.closed, closed])) {
    if (end.status === 'rejected') demandDocumented(end.reason)
  }
  await words.catch(() => {}) // `closed` tells of it, too
}

async function live(lib: LibSsl, version: typeof VERSIONS[number], side: Side, input: Input): Promise<void> {
  const [near, atClient] = memoryTransportPair()
  const [atServer, far] = memoryTransportPair()
  const change = (piece: Uint8Array, index: number) => (index === input.pick % PIECES ? concat([input.change(piece, records)]) : undefined)
  const both = peers({ version, transports: [near, far], client: { libssl: lib }, server: { libssl: lib } })
  await Promise.all([
    carry(atClient, atServer, side === 'server' ? change : undefined),
    carry(atServer, atClient, side === 'client' ? change : undefined),
    converse(both.client),
    converse(both.server),
  ])
}

export const wholeTargets: readonly Target[] = VERSIONS.flatMap((version) => (['client', 'server'] as const).map((side): Target => ({
  name: `a whole ${version} connection, what the ${side} reads`,
  run: (lib, input) => live(lib, version, side, input),
})))
