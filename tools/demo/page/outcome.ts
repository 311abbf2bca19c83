// What came of a handshake: what was agreed, or why there is no connection.

import { CertificateError, PeerError, TlsError, type ConnectionInfo, type WireTraceEvent } from 'libssl-wasm'
import { breakable, definitions, element, milliseconds } from './dom.js'

/** @param durationMs from the press of the button: tunnel, TCP and TLS */
export function agreed(info: ConnectionInfo, servername: string, durationMs: number): HTMLElement {
  const { protocol, cipher, group, alpnProtocol, verifyResult } = info
  const postQuantum = group?.includes('MLKEM') ? [' ', element('span', { className: 'tag' }, 'post-quantum')] : []
  return definitions({
    'Version': protocol,
    'Cipher suite': breakable(cipher),
    'Key exchange': element('span', {}, group ?? 'of a resumed session', ...postQuantum),
    'Protocol (ALPN)': alpnProtocol,
    'Peer': element('span', {}, `${servername} `, element('span', { className: 'tag good' }, verifyResult)),
    'Took': `${milliseconds(durationMs)} ms with the tunnel`,
  })
}

/** @param alert the last that went by, either way */
export function failure(error: unknown, alert: WireTraceEvent | undefined): HTMLElement {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
  const certificate = error instanceof CertificateError ? (error as CertificateError<{ subject: string }>).certificate : undefined
  const number = error instanceof CertificateError || error instanceof PeerError ? error.alert?.description : undefined
  const causes = error instanceof TlsError ? error.opensslErrorStack.map(({ code }) => code) : []
  return element('div', { className: 'failure', data: { code: failureCode(error) } },
    element('p', {}, element('strong', {}, breakable(failureCode(error)))),
    element('p', {}, message),
    definitions({
      'Error': name,
      'Certificate': certificate && `${certificate.subject}, depth ${(error as CertificateError).depth}`,
      'Alert': alert && `${alert.direction}: ${alert.name}${number === undefined ? '' : ` (${number})`}`,
      'Cause': error instanceof Error && error.cause instanceof Error ? error.cause.message : undefined,
      'OpenSSL': causes.length > 0 ? breakable(causes.join(', ')) : undefined,
    }))
}

export function failureCode(error: unknown): string {
  return error instanceof TlsError ? error.code : error instanceof Error ? error.name : 'Error'
}
