// One connection of a plan, from both ends: what each side received, how it ended, and whether that may be.

import { deferred } from '../../src/base/deferred.js'
import { accept, connect, TlsError, type ByteTransport, type TlsConnection, type LibSsl } from '../../src/index.js'
import type { TlsWorker } from '../../src/worker.js'
import { CertificateAuthority } from '../../tools/certificates.js'
import { codeTexts } from '../../tools/error-codes.js'
import { noise, same, turns } from '../helpers/streams.js'
import type { Lane } from './carriers.js'
import { InjectedFault, withFault } from './faults.js'
import { isUndisturbed, reads, type Plan, type Side } from './plan.js'

const authority = new CertificateAuthority('soak')
const [{ cert: ca }, { cert, key }] = [authority.ca, authority.leaf()].map(({ cert, key }) => ({ cert, key })) as [Pair, Pair]
const documented = new Set(Object.values(codeTexts()).flat().map(({ code }) => code))
/** A reason of OpenSSL's own: docs/errors.md has those that people meet. */
const OPENSSL = /^ERR_(?!TLS_)[A-Z0-9]+_/
const HANDSHAKE_MS = 1_500
/** What hangs for so long has failed, on a machine that is busy, too. */
const LONGEST_MS = 120_000

interface Pair { readonly cert: string; readonly key: string }

class PlannedEnd extends Error {
  override readonly name = 'PlannedEnd'
}

/** What a side has seen and done. */
interface Report {
  opened: boolean
  readonly offered: Uint8Array
  /** Bytes that its writer was told are accepted. */
  accepted: number
  readonly received: Uint8Array[]
  /** Its reader was told that all has come. */
  complete: boolean
  closed: unknown
}

/** Lives the connection, and throws what is wrong with it. */
export async function live(plan: Plan, lane: Lane, libssl: LibSsl, worker: TlsWorker): Promise<void> {
  const over = deferred<void>()
  const abort = new AbortController()
  const servers: Promise<Report>[] = []
  /** A length that is corrupted makes a side wait for bytes that never come. */
  const stops = plan.fault === 'stall' || plan.fault === 'corrupt'
  const versions = { minVersion: plan.version, maxVersion: plan.version } as const
  const times = { handshakeTimeoutMs: stops ? HANDSHAKE_MS : LONGEST_MS, closeTimeoutMs: HANDSHAKE_MS }
  const giveUp = stops ? setTimeout(() => abort.abort(new PlannedEnd('stalled')), HANDSHAKE_MS) : undefined
  const startServer = (transport: ByteTransport) => {
    const own = new AbortController()
    const signal = AbortSignal.any([abort.signal, own.signal])
    let connection: TlsConnection
    try {
      connection = accept(transport, { libssl, cert, key, signal, ...versions, ...times })
    } catch (error) { // on a busy machine it comes after a stall was given up
      return check(error)
    }
    servers.push(behave(connection, plan.server, plan.seed + 1, own))
  }
  const clientSide = async (): Promise<Report> => {
    const own = new AbortController()
    const signal = AbortSignal.any([abort.signal, own.signal])
    const transport = withFault(lane.start(plan.carrier, startServer), plan, over.promise)
    const options = { servername: 'localhost', ca, signal, ...versions, ...times }
    const connection = plan.carrier === 'worker' ? worker.connect(transport, options) : connect(transport, { ...options, libssl })
    return await behave(connection, plan.client, plan.seed, own)
  }
  let watchdog: ReturnType<typeof setTimeout> | undefined
  try {
    await Promise.race([
      (async () => {
        const client = await clientSide()
        over.resolve()
        // A server whose client went without a word hears of it from the transport.
        const reports = await Promise.all(servers)
        judge(plan, client, reports)
      })(),
      new Promise((_, reject) => { watchdog = setTimeout(() => reject(new Error('it hangs')), LONGEST_MS) }),
    ])
  } finally {
    over.resolve()
    clearTimeout(watchdog)
    clearTimeout(giveUp)
  }
}

async function behave(connection: TlsConnection, side: Side, seed: number, own: AbortController): Promise<Report> {
  const offered = noise(side.pieces.reduce((sum, piece) => sum + piece, 0), seed)
  const report: Report = { opened: false, offered, accepted: 0, received: [], complete: false, closed: undefined }
  connection.opened.then(() => { report.opened = true }, () => {})
  const closed = connection.closed.then(() => {}, (error: unknown) => { report.closed = error })
  const reader = connection.readable.getReader()
  const reading = (async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      report.received.push(value)
      if (side.manner === 'slow reader') await turns(3)
    }
    report.complete = reads(side) // else it has ended by itself
  })().catch((error: unknown) => { check(error) })
  const writer = connection.writable.getWriter()
  const writing = (async () => {
    let at = 0
    for (const piece of side.pieces) {
      await writer.write(offered.slice(at, at + piece))
      report.accepted = at += piece
    }
    await writer.close()
  })().catch((error: unknown) => { check(error) })
  if (!reads(side)) {
    await turns(side.after)
    await interfere(connection, side, own, reader)
  }
  await Promise.all([reading, writing])
  await connection.close().catch(check)
  await closed
  if (report.closed !== undefined) check(report.closed)
  return report
}

async function interfere(
  connection: TlsConnection, { manner }: Side, own: AbortController, reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<void> {
  if (manner === 'close') await connection.close().catch(check)
  else if (manner === 'abort') connection.abort(new PlannedEnd('aborted'))
  else if (manner === 'signal') own.abort(new PlannedEnd('signalled'))
  else if (manner === 'cancel') await reader.cancel(new PlannedEnd('cancelled')).catch(check)
}

/** Every error is a documented one, or was given by the plan. */
function check(error: unknown): void {
  if (error instanceof PlannedEnd || error instanceof InjectedFault) return
  const { name, code } = error as { name: string; code: string }
  if (error instanceof TlsError && name !== 'InternalError' && (documented.has(code) || OPENSSL.test(code))) return
  // What streams of the platform say to a writer that was closed meanwhile.
  if (error instanceof TypeError && code === 'ERR_INVALID_STATE') return
  throw Object.assign(new Error(`an error without a text: ${name} ${code}`), { cause: error })
}

function judge(plan: Plan, client: Report, servers: readonly Report[]): void {
  for (const server of servers) {
    compare('the client', client, server)
    compare('the server', server, client)
  }
  if (!isUndisturbed(plan)) return
  // A connection that was given up before may have come late.
  const [server, ...more] = servers.filter(({ opened }) => opened)
  if (!server || more.length > 0) throw new Error(`${more.length + Number(server !== undefined)} connections have come to the server`)
  for (const { closed } of [client, server]) {
    if (closed !== undefined) throw Object.assign(new Error('nothing was wrong, and yet it failed'), { cause: closed })
  }
  if (!client.complete || !server.complete) throw new Error('nothing was wrong, and yet not all has come')
}

/** No byte is invented, and none is lost before an end that is told as an end. */
function compare(who: string, { received, complete }: Report, { offered, accepted }: Report): void {
  const bytes = Buffer.concat(received)
  if (bytes.byteLength > offered.byteLength || !same(bytes, offered.subarray(0, bytes.byteLength))) {
    throw new Error(`${who} has received what nobody sent`)
  }
  if (complete && bytes.byteLength < accepted) throw new Error(`${who} was told of an end after ${bytes.byteLength} bytes of ${accepted}`)
}
