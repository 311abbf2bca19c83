// What is chosen once the peer has spoken: the application protocol (ALPN), the options with which a server answers a ClientHello
// (context.ts sets them up), and the certificate that a client is asked for.

import { utf8 } from '../../base/bytes.js'
import type { BasicSsl } from '../../core/basic-ssl.js'
import type { ClientHello } from '../../core/client-hello.js'
import { BasicSslCtx } from '../../core/basic-ssl-ctx.js'
import type { Ssl } from '../../core/ssl.js'
import { contentKey, keptByInstance, setUp } from '../kept.js'
import type { AlgorithmOptions } from './algorithms.js'
import type { ClientIdentityOptions } from './client-identity.js'
import {
  brokenRule, checkOptions, invalid, isFunction, isFunctionOr, isOneOrMore, refuse, type Check, type Feature, type ServerFeature,
} from './feature.js'
import { identity, type Identity, type IdentityOptions } from './identity.js'
import type { VerificationOptions } from './verification.js'

/** A client's application protocols. */
export interface ClientAlpnOptions {
  /** Application protocols, most wanted first (RFC 7301). Default: none are negotiated. */
  readonly alpnProtocols?: readonly string[] | undefined
}

/** Given what a client offers, in its order, and the name that it asked for; `undefined` refuses it. At once: no promise. */
export type AlpnChooser = (offered: readonly string[], servername: string | undefined) => string | undefined

/** A server's application protocols. */
export interface ServerAlpnOptions {
  /**
   * Application protocols, most wanted first (RFC 7301), or a function that chooses one. A client that offers some, and none of these, is
   * refused with the alert no_application_protocol; one that offers none is served without. Default: none are negotiated.
   */
  readonly alpnProtocols?: readonly string[] | AlpnChooser | undefined
}

const isProtocolName: Check = (value) => (typeof value === 'string' && value !== '' && utf8(value).byteLength <= 255
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

export const serverAlpn: ServerFeature<ServerAlpnOptions> = {
  checks: { alpnProtocols: /* @__PURE__ */ isFunctionOr(areProtocols) },
  answers: { alpnProtocols: 'at once' },
  perClient: ['alpnProtocols'],
  either: ['alpnProtocols'],
  setUpSsl: setChooser,
  changeSsl: setChooser,
}

/**
 * Options of accept() that hold for this client, in place of those that were given. Here a name with `undefined` takes the option
 * away: `ca: undefined` asks this client for no certificate. Leave the name out to keep what was given.
 */
export interface HelloAnswer extends
  Identity, ServerAlpnOptions, Pick<ClientIdentityOptions, 'ca' | 'clientCertificate' | 'clientCaNames'>,
  Pick<AlgorithmOptions,
    'minVersion' | 'maxVersion' | 'ciphers' | 'ciphersuites' | 'groups' | 'signatureAlgorithms' | 'clientSignatureAlgorithms'> {}

/** How a server answers a ClientHello. */
export interface ClientHelloOptions {
  /**
   * Asked once a client has spoken, before anything is answered; it may take its time. What it returns holds for this
   * client: for example another certificate, for the name that was asked for. To refuse the client throw (or reject); a
   * `RefusalError` chooses the alert, else it is internal_error. The connection ends with what was thrown.
   */
  readonly onClientHello?: ((hello: ClientHello) => HelloAnswer | undefined | void | Promise<HelloAnswer | undefined | void>) | undefined
}

export const clientHello: ServerFeature<ClientHelloOptions, ServerAlpnOptions & VerificationOptions> = {
  checks: { onClientHello: isFunction },
  answers: { onClientHello: 'in time' },
  either: ['onClientHello'],
  setUpSsl(ssl, { onClientHello, alpnProtocols, verify }) {
    // RFC 6066 §3: the answer to a name that is used. Each of these is told it.
    if (onClientHello || verify || typeof alpnProtocols === 'function') ssl.acknowledgeServername()
  },
}

export interface CertificateChoiceOptions extends IdentityOptions {
  /**
   * Asked when the server asks for a certificate: gives one with its key, or nothing, to go without. May take time;
   * `handshakeTimeoutMs` is its limit. What it throws or rejects with is what the handshake fails with. Not asked in a
   * resumed session, where no certificates are exchanged. In place of `cert`, `key` and `pfx`.
   */
  readonly onCertificateRequest?: ((request: CertificateRequest) => ChosenCertificate | PromiseLike<ChosenCertificate>) | undefined
}

/** What a server says of the certificate that it asks for. */
export interface CertificateRequest {
  /** The name that was asked for (SNI). */
  readonly servername: string | undefined
  /** Subjects of the CAs that the server accepts, as in {@link X509.issuer}; empty if it does not say. */
  readonly caNames: readonly string[]
}

/** A certificate and its key, as the options of these names have them; or none. */
export type ChosenCertificate = IdentityOptions | undefined | void

export const certificateChoice: Feature<
  Pick<CertificateChoiceOptions, 'onCertificateRequest'>, IdentityOptions & Pick<AlgorithmOptions, 'clientSignatureAlgorithms'>
> = {
  checks: { onCertificateRequest: isFunction },
  answers: { onCertificateRequest: 'in time' },
  either: ['onCertificateRequest'],
  excludes: { onCertificateRequest: ['cert', 'pfx', 'key'] },
  needs: { clientSignatureAlgorithms: ['cert', 'pfx', 'key', 'onCertificateRequest'] },
  setUpSsl(ssl, { onCertificateRequest: choose }, decisions) {
    if (!choose) return
    ssl.setCertCb(() => {
      const chosen = decisions.ask(() => choose({ servername: ssl.getServername(), caNames: ssl.get0PeerCaList() }))
      if (chosen?.value) show(ssl, chosen.value)
      return chosen ? 1 : -1
    })
  },
}

/** A context of its own reads the certificate: it takes the same forms as the options, with the same checks. */
function show(ssl: BasicSsl, chosen: IdentityOptions): void {
  let options: IdentityOptions
  try {
    options = checkOptions(chosen, identity.checks, 'its answer')
  } catch (cause) {
    throw invalid('onCertificateRequest', `answered wrongly: ${(cause as Error).message}`, { cause })
  }
  const wrong = brokenRule(identity, options)
  if (wrong) throw invalid(...wrong)
  if ((options.cert ?? options.pfx) === undefined) throw invalid('onCertificateRequest', 'answered with neither cert nor pfx')
  const ctx = answersOf(ssl.lib).get(contentKey(ssl.lib, options), () =>
    setUp(new BasicSslCtx(ssl.lib, 'TLS_client_method'), (made) => identity.setUpCtx!(made, options, false)))
  identity.renewCtx!(ctx, options)
  ssl.useIdentityOf(ctx)
}

/** The same answer is not read again. */
const answersOf = keptByInstance<BasicSslCtx>(8)
