// What a handshake agreed on, as a value.

import type { BasicSsl } from '../core/basic-ssl.js'
import type { VerifyResultName } from '../core/certificate-code.js'
import type { EchStatus } from '../core/ech-status.js'
import type { X509 } from '../core/x509.js'
import { SSL_EARLY_DATA_ACCEPTED, SSL_EARLY_DATA_REJECTED } from '../ffi/constants.gen.js'
import type { ProtocolVersion } from './features/algorithms.js'
import { maxFragmentLengths, type MaxFragmentLength } from './features/limits.js'

/** What a handshake agreed on. */
export interface ConnectionInfo {
  /** The version of TLS. */
  readonly protocol: ProtocolVersion
  /** The RFC's name, for example `TLS_CHACHA20_POLY1305_SHA256`. */
  readonly cipher: string
  /** The key exchange group, for example `X25519MLKEM768`; `undefined` if a session was resumed without one, or the key came by RSA. */
  readonly group: string | undefined
  /** IANA's name of the scheme by which the peer has signed, for example `ecdsa_secp256r1_sha256`; `undefined` if it has not. */
  readonly peerSignatureAlgorithm: string | undefined
  /** The application protocol that was agreed on (ALPN); `undefined` if none was. */
  readonly alpnProtocol: string | undefined
  /** The name that the client asked for (SNI). A server has checked that it is the name of a host: else there is none. */
  readonly servername: string | undefined
  /** The key that the peer has shown in the place of a certificate (option `acceptedRawPublicKeys`): SubjectPublicKeyInfo, DER. */
  readonly peerRawPublicKey: Uint8Array<ArrayBuffer> | undefined
  /** The identity of the external pre-shared key (option `psk`) that was used in the place of certificates. */
  readonly pskIdentity: string | undefined
  /** What became of Encrypted Client Hello. */
  readonly ech: EchStatus
  /** The name that the outside world has seen in its place, if ECH was accepted. */
  readonly outerServername: string | undefined
  /** Absent on a server that asked for none. */
  readonly peerCertificate: X509 | undefined
  /** The peer's certificate and what it sent to prove it, in its order. */
  readonly peerCertificateChain: readonly X509[]
  /** On a client with option `ocsp`: the response that the server has stapled, DER; it was good. The first, if there are several. */
  readonly ocspResponse: Uint8Array<ArrayBuffer> | undefined
  /** The most plaintext in one record, if the client asked for a limit and the server knew how (RFC 6066 §4). */
  readonly maxFragmentLength: MaxFragmentLength | undefined
  /** `X509_V_OK`, or what is wrong if verification was skipped. */
  readonly verifyResult: VerifyResultName
  /** Whether a session was taken up again: the peer has then proved only that it knows the session's secret. */
  readonly resumed: boolean
  /**
   * What became of early data. On a client, `'rejected'`, and `'not sent'` if there was some, mean that it goes out after
   * the handshake, as ordinary data.
   */
  readonly earlyData: 'accepted' | 'rejected' | 'not sent'
}

/** While nothing can have changed: right after the handshake. */
export function describeConnection(ssl: BasicSsl): ConnectionInfo {
  const peerCertificateChain = ssl.getPeerCertChain()
  const { status: ech, outerServername } = ssl.echGet1Status()
  const pskIdentity = ssl.getPskIdentity()
  return {
    protocol: ssl.getVersion() as ProtocolVersion, // there is no other: see versions in features/algorithms.ts
    cipher: ssl.getCipherStandardName() ?? '',
    group: ssl.get0GroupName(),
    peerSignatureAlgorithm: ssl.get0PeerSignatureName(),
    alpnProtocol: ssl.get0AlpnSelected(),
    servername: ssl.getServername(),
    pskIdentity,
    peerRawPublicKey: ssl.getPeerRpk(),
    ech,
    outerServername,
    peerCertificate: peerCertificateChain[0] ?? ssl.getPeerCertificate(), // a saved session has no chain
    peerCertificateChain,
    ocspResponse: ssl.isServer() ? undefined : ssl.getTlsextStatusOcspResp(),
    maxFragmentLength: maxFragmentLengths[ssl.getMaxFragmentLength()],
    // To OpenSSL an external key is a session, and a server's session has no verdict. Holding the key is proof enough.
    verifyResult: pskIdentity === undefined ? ssl.getVerifyResultName() : 'X509_V_OK',
    resumed: ssl.sessionReused() && pskIdentity === undefined,
    earlyData: earlyDataStatus[ssl.getEarlyDataStatus()] ?? 'not sent',
  }
}

const earlyDataStatus: Readonly<Record<number, ConnectionInfo['earlyData']>> = {
  [SSL_EARLY_DATA_ACCEPTED]: 'accepted', [SSL_EARLY_DATA_REJECTED]: 'rejected',
}
