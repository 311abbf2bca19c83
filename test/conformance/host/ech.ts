// `s_server` of OpenSSL 4.0, built by tools/native-openssl.sh, with a key for Encrypted Client Hello.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CertificateAuthority, KeyPair } from '../../../tools/certificates.js'
import { nativeOpenssl } from '../../helpers/native-openssl.js'
import { OpensslPeer } from './peers.js'

const PUBLIC_NAME = 'public.localhost'

interface EchKey {
  readonly path: string
  /** Base64. */
  readonly configList: string
}

/** Made when they are asked for, once. */
export class EchServers {
  readonly #authority: CertificateAuthority
  #made: { readonly openssl: string; readonly identity: KeyPair; readonly current: EchKey; readonly old: EchKey } | undefined

  constructor(authority: CertificateAuthority) {
    this.#authority = authority
  }

  async start(): Promise<{ peer: OpensslPeer; port: number; configList: string; oldConfigList: string }> {
    const { openssl, identity, current, old } = this.#made ??= this.#make()
    const peer =
      new OpensslPeer(['s_server', '-accept', '127.0.0.1:0', '-cert', identity.certFile, '-key', identity.keyFile, '-tls1_3', '-www',
      '-ech_key', current.path], this.#authority.dir, openssl)
    const [port] = await peer.printed(/^ACCEPT .*:(\d+)$/m)
    return { peer, port: Number(port), configList: current.configList, oldConfigList: old.configList }
  }

  #make() {
    const openssl = nativeOpenssl()
    const key = (name: string): EchKey => {
      const path = join(this.#authority.dir, `${name}.ech.pem`)
      execFileSync(openssl, ['ech', '-public_name', PUBLIC_NAME, '-out', path], { stdio: 'ignore' })
      return { path, configList: /BEGIN ECHCONFIG-----([^-]*)/.exec(readFileSync(path, 'utf8'))![1]!.replace(/\s/g, '') }
    }
    return {
      openssl, identity: this.#authority.leaf({ san: `DNS:localhost,DNS:${PUBLIC_NAME}` }), current: key('current'), old: key('old'),
    }
  }
}
