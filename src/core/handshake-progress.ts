// How far a handshake has come that takes too long, and what to look at.

import type { BasicSsl } from './basic-ssl.js'
import { foreignProtocol, SILENT_SERVER } from './first-bytes.js'

export interface HandshakeProgress {
  /** That came from the peer. */
  readonly receivedBytes: number
  /** The transport has not accepted what was last sent. */
  readonly sending: boolean
  /** A callback was asked and has not answered. */
  readonly deciding: boolean
}

/** The end of a sentence. `callbacks`: the options that may be asked. */
export function handshakeProgress(
  ssl: BasicSsl, { receivedBytes, sending, deciding }: HandshakeProgress, callbacks: readonly string[],
): string {
  if (deciding) return `a callback was asked and has not answered (${callbacks.map((name) => `'${name}'`).join(' or ')})`
  const isServer = ssl.isServer()
  const ours = receivedBytes === 0 ? 'our ClientHello' : 'our answer'
  if (sending) return `the transport has not accepted ${ours}: look whether it is connected, and whether its other end reads`
  if (receivedBytes === 0) return isServer ? 'the client has sent nothing' : `the server has sent nothing${SILENT_SERVER}`
  const foreign = ssl.foreignBytes
  if (foreign) return foreignProtocol(foreign, isServer)
  return `${receivedBytes} bytes came from the ${isServer ? 'client' : 'server'}, and the rest did not (state: ${ssl.stateStringLong()})`
}
