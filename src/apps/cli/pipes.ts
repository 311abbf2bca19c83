// Data between an open connection and this process's standard input and output.

import { once } from 'node:events'
import { setTimeout as after } from 'node:timers/promises'
import { PeerError, type TlsConnection, type TlsServerConnection } from '../../index.js'
import type { Diagnosis } from './diagnosis.js'

/** How long a server may take to end once we want nothing more from it. */
const LAST_WORDS_MS = 2_000

type Counts = Pick<Diagnosis, 'receivedBytes' | 'sentBytes' | 'timeline'>

/**
 * Both ways until the peer ends, or for a server until both have: a client that has asked may have ended, and waits for the answer. The
 * end of standard input sends close_notify, unless the connection is to be kept open. Rejects with what ended the connection, or with why
 * standard output takes no more; that the program behind its pipe has read enough is a good end.
 */
export async function carry(tls: TlsConnection | TlsServerConnection, counts: Counts, keepOpen: boolean): Promise<void> {
  const { stdin, stdout } = process
  stdout.removeAllListeners('error') // main.ts tells of the others
  const failed = new Promise<NodeJS.ErrnoException>((resolve) => stdout.on('error', resolve))
  const writer = tls.writable.getWriter()
  writer.closed.catch(() => {}) // the reader is told, too
  const send = async () => {
    for await (const chunk of stdin as AsyncIterable<Buffer>) {
      await writer.write(chunk)
      counts.sentBytes += chunk.byteLength
    }
    if (!keepOpen) await writer.close()
  }
  const sending = send().catch(() => {})
  const receive = async () => {
    for await (const chunk of readAll(tls, counts)) {
      if (!stdout.write(chunk)) await once(stdout, 'drain')
    }
    if ('earlyData' in tls) await sending
  }
  let failure: NodeJS.ErrnoException | void
  try {
    failure = await Promise.race([failed, receive()])
  } finally {
    stdin.destroy() // else it would keep the process alive
  }
  if (failure && failure.code !== 'EPIPE') throw new Error(`standard output takes no more: ${failure.message}`, { cause: failure })
  const closed = sending.then(() => {
    writer.releaseLock()
    return tls.close()
  })
  // A client's peer has ended, or its words are not wanted. One that does not take our last words is not waited for.
  if ('earlyData' in tls && !failure) await closed
  else await forSomeTime(closed)
  tls.abort()
}

/** Without data: says good-bye, and hears what the server has still to say, which may be an alert, or sessions. */
export async function waitForEnd(tls: TlsConnection, counts: Counts): Promise<void> {
  const heard = (async () => {
    await tls.writable.close()
    for await (const _chunk of readAll(tls, counts));
  })()
  try {
    await forSomeTime(heard)
    await tls.close()
  } catch (error) {
    if (error instanceof PeerError) throw error // how else it ends does not matter any more
  } finally {
    tls.abort()
  }
}

/** Until `ending` settles, but no longer than a peer may take to end. */
async function forSomeTime(ending: Promise<void>): Promise<void> {
  const waited = new AbortController()
  ending.catch(() => {}) // it may fail later
  try {
    await Promise.race([ending, after(LAST_WORDS_MS, undefined, { signal: waited.signal })])
  } finally {
    waited.abort()
  }
}

/** Sends back what comes, until the peer has ended. Rejects as {@link carry}. */
export async function echo(tls: TlsServerConnection, counts: Counts): Promise<void> {
  const writer = tls.writable.getWriter()
  writer.closed.catch(() => {}) // the reader is told, too
  for await (const chunk of readAll(tls, counts)) {
    await writer.write(chunk)
    counts.sentBytes += chunk.byteLength
  }
  await writer.close()
  writer.releaseLock()
  await tls.close()
}

/** A client's early data first. */
async function* readAll(tls: TlsConnection | TlsServerConnection, counts: Counts): AsyncGenerator<Uint8Array> {
  for (const stream of 'earlyData' in tls ? [tls.earlyData, tls.readable] : [tls.readable]) {
    for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
      counts.timeline.mark('first byte')
      counts.receivedBytes += chunk.byteLength
      yield chunk
    }
  }
}
