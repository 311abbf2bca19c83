// Who we are: the own certificate and its key.

import type { BytesLike } from '../../base/bytes.js'
import { invalid, isPemOrDer, isSecret, refuse, type Certificates, type Feature } from './feature.js'

export interface IdentityOptions {
  /** Own certificate first, then its chain: PEM; or one certificate, DER. Wants `key`. */
  readonly cert?: Certificates
  /** Private key of `cert`: PEM or DER; PKCS#8, PKCS#1 or SEC1. */
  readonly key?: string | BytesLike
  /** For an encrypted `key`. */
  readonly passphrase?: string | BytesLike
}

export const identity: Feature<IdentityOptions> = {
  checks: { cert: isPemOrDer, key: isPemOrDer, passphrase: isSecret },
  agree({ cert, key, passphrase }) {
    if (cert !== undefined && key === undefined) throw invalid('key', 'is required with cert')
    if (key !== undefined && cert === undefined) throw invalid('cert', 'is required with key')
    if (passphrase !== undefined && key === undefined) throw invalid('passphrase', 'is of no use without key')
  },
  setUpCtx(ctx, { cert, key, passphrase }) {
    if (cert === undefined || key === undefined) return
    refuse('cert', () => ctx.useCertificateChain(cert))
    refuse('key', () => {
      ctx.usePrivateKey(key, passphrase)
      ctx.checkPrivateKey() // a key of another type than the certificate's would pass so far
    })
  },
}
