// Which certificate a client shows, chosen when a server asks for one.

import { SslCtx } from '../../core/ssl-ctx.js'
import type { Ssl } from '../../core/ssl.js'
import type { Decisions } from '../../pump/decisions.js'
import { copyOption, invalid, isFunction, type Check, type Feature } from './feature.js'
import { identity, type IdentityOptions } from './identity.js'

export interface CertificateChoiceOptions extends IdentityOptions {
  /**
   * Asked when the server asks for a certificate: gives one with its key, or nothing, to go without. May take time;
   * `handshakeTimeoutMs` is its limit. What it throws or rejects with is what the handshake fails with. Not asked in a
   * resumed session, where no certificates are exchanged. In place of `cert`, `key` and `pfx`.
   */
  readonly onCertificateRequest?: (request: CertificateRequest) => ChosenCertificate | PromiseLike<ChosenCertificate>
}

export interface CertificateRequest {
  /** The name that was asked for (SNI). */
  readonly servername: string | undefined
  /** Subjects of the CAs that the server accepts, as in {@link X509.issuer}; empty if it does not say. */
  readonly caNames: readonly string[]
}

/** A certificate and its key, as the options of these names have them; or none. */
export type ChosenCertificate = IdentityOptions | undefined | void

export const certificateChoice: Pick<Feature<CertificateChoiceOptions>, 'agree' | 'answers' | 'setUpSsl'> & { readonly checks: { readonly onCertificateRequest: Check } } = {
  checks: { onCertificateRequest: isFunction },
  answers: { onCertificateRequest: 'in time' },
  agree(options) {
    if (!options.onCertificateRequest) return
    for (const option of ['cert', 'pfx', 'key'] as const) {
      if (options[option] !== undefined) throw invalid('onCertificateRequest', `contradicts ${option}: which of them is shown?`)
    }
  },
  setUpSsl(ssl, { onCertificateRequest }, decisions) {
    if (onCertificateRequest) ssl.setCertCb(() => answer(ssl, onCertificateRequest, decisions))
  },
}

function answer(ssl: Ssl, choose: NonNullable<CertificateChoiceOptions['onCertificateRequest']>, decisions: Decisions): 1 | -1 {
  const chosen = decisions.ask(() => choose({ servername: ssl.getServername(), caNames: ssl.get0PeerCaList() }))
  if (!chosen) return -1
  if (chosen.value) show(ssl, chosen.value)
  return 1
}

/** A context of its own reads what was chosen: it takes all that the options take, and checks it as they are checked. */
function show(ssl: Ssl, chosen: IdentityOptions): void {
  const options: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(chosen)) {
    const check = (identity.checks as Readonly<Record<string, Check>>)[name]
    const wrong = check === undefined ? `answered with an unknown '${name}'` : value === undefined ? undefined : check(value)
    if (wrong !== undefined) throw invalid('onCertificateRequest', check ? `answered with a ${name} that ${wrong}` : wrong)
    options[name] = copyOption(value)
  }
  identity.agree?.(options)
  if (options['cert'] === undefined && options['pfx'] === undefined) throw invalid('onCertificateRequest', 'answered with neither cert nor pfx')
  const ctx = new SslCtx(ssl.lib, 'TLS_client_method')
  try {
    identity.setUpCtx!(ctx, options)
    ssl.useIdentityOf(ctx)
  } finally {
    ctx.free()
  }
}
