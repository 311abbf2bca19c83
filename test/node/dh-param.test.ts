// The option `dhparam`, as node:tls takes it.

import tls from 'node:tls'
import { beforeAll, describe, expect, it } from 'vitest'
import { load, SslCtx, type LibSsl } from '../../src/core.js'
import { setDhParam } from '../../src/node/dh-param.js'
import { localhost } from '../helpers/certificates.js'
import { dhParams as params } from '../helpers/dh-params.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

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
    expect(ours(params('modp2')))
      .toEqual({ name: 'Error', message: 'Error setting temp DH parameter', code: 'ERR_CRYPTO_OPERATION_FAILED' })
  })

  it('gives their size', () => {
    expect(['modp2', 'modp14', 'modp15'].map((group) => ours(params(group), 1))).toEqual([1024, 2048, 3072])
    expect(ours('auto')).toBeUndefined()
  })

  it('ignores what is none', () => {
    for (const none of ['', 'garbage', localhost.cert, params('modp14').replace('M', '?')]) {
      expect(ours(none)).toBeUndefined()
      expect(() => { tls.createSecureContext({ dhparam: none }) }).not.toThrow()
    }
  })
})
