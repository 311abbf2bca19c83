// The option `ciphers`, and the lists of suites, against node:tls.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { beforeAll, describe, expect, it } from 'vitest'
import { load, SslCtx, TLS1_2_VERSION, TLS1_3_VERSION, type LibSsl } from '../../src/core.js'
import { DEFAULT_CIPHERS, getCiphers, setCiphers } from '../../src/node/ciphers.js'
import { authority, RSA } from '../helpers/certificates.js'
import { Link } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const rsa = authority.leaf({ newkey: RSA })

async function agreedByNode(server: string | undefined, client: string | undefined): Promise<string> {
  const listening = tls.createServer(
    { ...rsa, ...(server !== undefined && { ciphers: server }) }, (socket) => { socket.on('error', () => {}).end() },
  )
  await once(listening.listen(0, '127.0.0.1'), 'listening')
  const { port } = listening.address() as AddressInfo
  const socket = tls.connect({
    port, host: '127.0.0.1', servername: 'localhost', ca: authority.ca.cert, ...(client !== undefined && { ciphers: client }),
  })
  try {
    return await new Promise<string>((resolve) => {
      socket.on('secureConnect', () => { resolve(socket.getCipher().name) }).on('error', () => { resolve('none') })
    })
  } finally {
    socket.destroy()
    listening.close()
  }
}

function agreedByUs(server: string | undefined, client: string | undefined): string {
  const configured = (ciphers: string | undefined) => ({
    configure(ctx: SslCtx) { setCiphers(ctx, ciphers ?? DEFAULT_CIPHERS, TLS1_2_VERSION, TLS1_3_VERSION) },
  })
  const link = new Link(lib, { identity: rsa, client: configured(client), server: configured(server) })
  try {
    return link.handshake().client.ret === 1 ? link.client.ssl.getCipher()! : 'none'
  } finally {
    link.free()
  }
}

describe('setCiphers', () => {
  it.each<[server: string | undefined, client: string | undefined]>([
    [undefined, undefined],
    [undefined, 'AES128-SHA256'],
    ['AES128-SHA256', undefined],
    ['AES256-SHA256', 'AES256-SHA256'],
    [undefined, 'TLS_AES_128_GCM_SHA256'],
    ['TLS_CHACHA20_POLY1305_SHA256', undefined],
    ['TLS_AES_128_CCM_SHA256', 'TLS_AES_128_CCM_SHA256'],
    ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'],
    ['TLS_AES_128_GCM_SHA256:AES256-SHA256', 'TLS_AES_256_GCM_SHA384:AES256-SHA256'],
    ['AES256-SHA256:TLS_AES_256_GCM_SHA384', 'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256'],
    [':AES256-SHA256:', 'HIGH:!aNULL'],
    ['HIGH', 'TLS_AES_128_GCM_SHA256'],
  ])('of a server %s, of a client %s', async (server, client) => {
    expect(agreedByUs(server, client)).toBe(await agreedByNode(server, client))
  })

  it.each([':', '::', '!TLS_AES_128_GCM_SHA256', 'NONE_SUCH', 'TLS_NONE_SUCH'])('refuses %s', (ciphers) => {
    const ctx = new SslCtx(lib, 'TLS_client_method')
    const thrown = (call: () => void) => {
      try {
        return call()
      } catch (error) {
        const { code, name } = error as Error & { code: string }
        return code === 'ERR_INVALID_ARG_VALUE' ? { code, name, message: (error as Error).message } : { code }
      }
    }
    expect(thrown(() => { setCiphers(ctx, ciphers, TLS1_2_VERSION, TLS1_3_VERSION) }))
      .toEqual(thrown(() => { tls.createSecureContext({ ciphers }) }))
    ctx.free()
  })
})

describe('getCiphers and DEFAULT_CIPHERS', () => {
  it('are Node’s, but for SRP, which is not in this build', () => {
    expect(DEFAULT_CIPHERS).toBe(tls.DEFAULT_CIPHERS)
    expect(getCiphers(lib)).toEqual(tls.getCiphers().filter((name) => !name.startsWith('srp-')))
  })
})
