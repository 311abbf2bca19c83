// Which certificate a client shows, chosen when a server asks for one.

import { checkOptions } from '../../base/options.js'
import { SslCtx } from '../../core/ssl-ctx.js'
import type { Ssl } from '../../core/ssl.js'
import { contentKey, keptByInstance, setUp } from '../kept.js'
import { brokenRule, invalid, isFunction, type Check, type Feature } from './feature.js'
import { identity, type IdentityOptions } from './identity.js'

export interface CertificateChoiceOptions extends IdentityOptions {
  /**
   * Asked when the server asks for a certificate: gives one with its key, or nothing, to go without. May take time;
   * `handshakeTimeoutMs` is its limit. What it throws or rejects with is what the handshake fails with. Not asked in a
   * resumed session, where no certificates are exchanged. In place of `cert`, `key` and `pfx`.
   */
  readonly onCertificateRequest?: ((request: CertificateRequest) => ChosenCertificate | PromiseLike<ChosenCertificate>) | undefined
}

export interface CertificateRequest {
  /** The name that was asked for (SNI). */
  readonly servername: string | undefined
  /** Subjects of the CAs that the server accepts, as in {@link X509.issuer}; empty if it does not say. */
  readonly caNames: readonly string[]
}

/** A certificate and its key, as the options of these names have them; or none. */
export type ChosenCertificate = IdentityOptions | undefined | void

/** Its other options are those of {@link identity}. */
type CertificateChoice = Omit<Feature<CertificateChoiceOptions>, 'checks'> & { readonly checks: Record<'onCertificateRequest', Check> }

export const certificateChoice: CertificateChoice = {
  checks: { onCertificateRequest: isFunction },
  answers: { onCertificateRequest: 'in time' },
  either: ['onCertificateRequest'],
  excludes: { onCertificateRequest: ['cert', 'pfx', 'key'] },
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
function show(ssl: Ssl, chosen: IdentityOptions): void {
  const options = checkAnswer(chosen)
  const wrong = brokenRule(identity, options)
  if (wrong) throw invalid(...wrong)
  if (options.cert === undefined && options.pfx === undefined) throw invalid('onCertificateRequest', 'answered with neither cert nor pfx')
  const ctx = answersOf(ssl.lib).get(contentKey(ssl.lib, options), () =>
    setUp(new SslCtx(ssl.lib, 'TLS_client_method'), (made) => identity.setUpCtx!(made, options, false)))
  identity.renewCtx!(ctx, options)
  ssl.useIdentityOf(ctx)
}

/** The same answer is not read again. */
const answersOf = keptByInstance<SslCtx>(8)

function checkAnswer(chosen: IdentityOptions): IdentityOptions {
  try {
    return checkOptions(chosen, identity.checks, 'its answer')
  } catch (cause) {
    throw invalid('onCertificateRequest', `answered wrongly: ${(cause as Error).message}`, { cause })
  }
}
