// Certificates of each type for `localhost`, which the test CA has signed.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CertificateAuthority } from '../../../tools/certificates.js'
import type { CertificatesByType, Identity } from '../suite/host.js'
import { nativeOpenssl } from '../../helpers/native-openssl.js'

export function certificatesByType(authority: CertificateAuthority): CertificatesByType {
  const leaf = (...newkey: readonly string[]): Identity => {
    const { cert, key } = authority.leaf({ newkey })
    return { cert, key }
  }
  const curve = (name: string) => leaf('ec', '-pkeyopt', `ec_paramgen_curve:${name}`)
  return {
    'RSA-PSS': leaf('rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048'), 'P-384': curve('P-384'), 'P-521': curve('P-521'),
    'Ed25519': leaf('ed25519'), 'ML-DSA-65': mlDsa(authority),
  }
}

/** Only OpenSSL 3.5 and later can make one. */
function mlDsa({ dir, ca }: CertificateAuthority): Identity {
  const [config, cert, key] = ['ml-dsa.cnf', 'ml-dsa.pem', 'ml-dsa.key'].map((name) => join(dir, name)) as [string, string, string]
  writeFileSync(config, '[req]\ndistinguished_name=dn\n[dn]\n') // it has none of its own
  execFileSync(nativeOpenssl(),
    ['req', '-config', config, '-x509', '-newkey', 'ML-DSA-65', '-noenc', '-keyout', key, '-out', cert, '-subj', '/CN=localhost',
    '-days', '9', '-CA', ca.certFile, '-CAkey', ca.keyFile, '-addext', 'subjectAltName=DNS:localhost', '-addext',
    'basicConstraints=critical,CA:FALSE'], { stdio: 'pipe' })
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
}
