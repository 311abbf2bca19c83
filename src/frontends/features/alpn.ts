// Application protocols: ALPN.

import { isOneOrMore, refuse, type Check, type Feature } from './feature.js'

export interface AlpnOptions {
  /** Application protocols, most wanted first (RFC 7301). Default: none are negotiated. */
  readonly alpnProtocols?: readonly string[]
}

const isProtocolName: Check = (value) => (typeof value === 'string' && value !== '' && new TextEncoder().encode(value).byteLength <= 255
  ? undefined : 'must be an array of one or more protocol names of 1 to 255 bytes')
const checks = { alpnProtocols: (value: unknown) => (Array.isArray(value) ? isOneOrMore(isProtocolName)(value) : isProtocolName(undefined)) }

export const clientAlpn: Feature<AlpnOptions> = {
  checks,
  setUpCtx(ctx, { alpnProtocols }) {
    if (alpnProtocols) refuse('alpnProtocols', () => ctx.setAlpnProtos(alpnProtocols))
  },
}

export const serverAlpn: Feature<AlpnOptions> = {
  checks,
  setUpCtx(ctx, { alpnProtocols }) {
    if (alpnProtocols) refuse('alpnProtocols', () => ctx.setAlpnSelectProtos(alpnProtocols))
  },
}
