// The option `dhparam`, as node:tls takes it.

import { getDiffieHellman } from 'node:crypto'
import tls from 'node:tls'
import { beforeAll, describe, expect, it } from 'vitest'
import { load, SslCtx, type LibSsl } from '../../src/core.js'
import { setDhParam } from '../../src/node/dh-param.js'
import { localhost } from '../helpers/certificates.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

/** PKCS#3's form of one of RFC 3526's groups, or of RFC 2409's, whose generator is 2. */
function params(group: string): string {
  const prime = getDiffieHellman(group).getPrime()
  const size = (bytes: number) => [0x82, bytes >> 8, bytes & 0xff]
  const numbers = Buffer.concat([Buffer.from([0x02, ...size(prime.length + 1), 0]), prime, Buffer.from([0x02, 1, 2])])
  const der = Buffer.concat([Buffer.from([0x30, ...size(numbers.length)]), numbers])
  return `-----BEGIN DH PARAMETERS-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END DH PARAMETERS-----\n`
}

function outcome(set: () => unknown): unknown {
  try {
    return set()
  } catch (error) {
    const { name, message, code } = error as Error & { code: string }
    return { name, message, code }
  }
}

describe('setDhParam', () => {
  const ours = (dhparam: string, level = 2) => outcome(() => {
    const ctx = new SslCtx(lib, 'TLS_server_method')
    try {
      ctx.setSecurityLevel(level)
      return setDhParam(ctx, dhparam)
    } finally {
      ctx.free()
    }
  })

  it('refuses less than 1024 bits as Node does, and what is too weak as Node with OpenSSL 3.5 does', () => {
    const tooSmall = ours(params('modp1'))
    expect(tooSmall).toEqual({ name: 'TypeError', message: 'DH parameter is less than 1024 bits', code: 'ERR_INVALID_ARG_VALUE' })
    expect(tooSmall).toEqual(outcome(() => { tls.createSecureContext({ dhparam: params('modp1') }) }))
    expect(ours(params('modp2'))).toEqual({ name: 'Error', message: 'Error setting temp DH parameter', code: 'ERR_CRYPTO_OPERATION_FAILED' })
  })

  it('says what is weak', () => {
    expect(ours(params('modp2'), 1)).toBe(true)
    for (const right of [params('modp14'), params('modp15'), 'auto']) expect(ours(right)).toBe(false)
  })

  it('ignores what is none', () => {
    for (const none of ['', 'garbage', localhost.cert, params('modp14').replace('M', '?')]) {
      expect(ours(none)).toBe(false)
      expect(() => { tls.createSecureContext({ dhparam: none }) }).not.toThrow()
    }
  })
})
