// The way to the server, up to where TLS begins.

import { connect as connectTcp } from 'node:net'
import { WebSocket } from 'ws'
import { openTunnel, PlaintextConversation, type TransportLike } from '../../index.js'
import type { ConnectRequest } from './connect-flags.js'
import type { Timeline } from './diagnosis.js'
import { starttlsProtocols } from './starttls/starttls.js'

/** What can be read and written without TLS has been. Rejects as STARTTLS does; what fails later fails the transport. */
export async function dial(request: ConnectRequest, timeline: Timeline, signal?: AbortSignal): Promise<TransportLike> {
  const { target, via, starttls, options: { handshakeTimeoutMs: timeoutMs, servername } } = request
  const reached = () => timeline.mark('connected')
  let transport: TransportLike
  if (via) {
    const tunnel = openTunnel(via.url, target, { token: via.token, WebSocket })
    tunnel.opened.then(reached, () => {}) // the reader is told
    transport = tunnel
  } else {
    transport = connectTcp({ ...target, noDelay: true }).once('connect', reached)
  }
  if (starttls === undefined) return transport
  const talk = new PlaintextConversation(transport, { signal, timeoutMs })
  try {
    await starttlsProtocols[starttls]!.ask(talk, servername)
  } catch (error) {
    talk.abort(error)
    throw error
  }
  timeline.mark('starttls')
  return talk.release()
}
