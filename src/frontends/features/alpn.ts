// Application protocols: ALPN.

import type { Ssl } from '../../core/ssl.js'
import { isOneOrMore, refuse, type Check, type Feature } from './feature.js'

export interface ClientAlpnOptions {
  /** Application protocols, most wanted first (RFC 7301). Default: none are negotiated. */
  readonly alpnProtocols?: readonly string[] | undefined
}

/** Given what a client offers, in its order, and the name that it asked for; `undefined` refuses it. At once: no promise. */
export type AlpnChooser = (offered: readonly string[], servername: string | undefined) => string | undefined

export interface ServerAlpnOptions {
  /**
   * Application protocols, most wanted first (RFC 7301), or a function that chooses one. A client that offers some, and none of these, is
   * refused with the alert no_application_protocol; one that offers none is served without. Default: none are negotiated.
   */
  readonly alpnProtocols?: readonly string[] | AlpnChooser | undefined
}

const isProtocolName: Check = (value) => (typeof value === 'string' && value !== '' && new TextEncoder().encode(value).byteLength <= 255
  ? undefined : 'must be an array of one or more protocol names of 1 to 255 bytes')
const areProtocols: Check = (value) => (Array.isArray(value) ? isOneOrMore(isProtocolName)(value) : isProtocolName(undefined))

export const clientAlpn: Feature<ClientAlpnOptions> = {
  checks: { alpnProtocols: areProtocols },
  either: ['alpnProtocols'],
  setUpSsl(ssl, { alpnProtocols }) {
    if (alpnProtocols) refuse('alpnProtocols', () => ssl.setAlpnProtos(alpnProtocols))
  },
}

function setChooser(ssl: Ssl, { alpnProtocols }: ServerAlpnOptions): void {
  const choose = typeof alpnProtocols === 'function'
    ? (offered: readonly string[]) => alpnProtocols(offered, ssl.getServername())
    : alpnProtocols && ((offered: readonly string[]) => alpnProtocols.find((name) => offered.includes(name)))
  ssl.setAlpnSelectCb(choose)
}

export const serverAlpn: Feature<ServerAlpnOptions> = {
  checks: { alpnProtocols: (value) => (typeof value === 'function' ? undefined : areProtocols(value)) },
  answers: { alpnProtocols: 'at once' },
  perClient: ['alpnProtocols'],
  either: ['alpnProtocols'],
  setUpSsl: setChooser,
  changeSsl: setChooser,
}
