// Encrypted Client Hello with OpenSSL 4.0's own s_server and s_client.

import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { CertificateError, EchRejectedError, generateEchKey, type ConnectOptions } from '../../src/index.js'
import { authority, file } from '../helpers/certificates.js'
import { proves } from '../helpers/features.js'
import { rejection } from '../helpers/streams.js'
import { fetchPage } from './peers/bytes.js'
import { client as clientIdentity } from './peers/matrix.js'
import { openssl4, startOpenssl4Client, startOpenssl4Server } from './peers/openssl4.js'
import { startOpensslServer } from './peers/openssl.js'
import { acceptOne, connectTo } from './peers/tcp.js'

const PUBLIC_NAME = 'public.example'
/** Good for the true name and for the public one. */
const both = authority.leaf({ name: 'both', san: `DNS:localhost,DNS:${PUBLIC_NAME}` })
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const identity = { cert: both.cert, key: both.key }

const asClient = { peer: 'OpenSSL 4.0 s_server', role: 'client', version: 'TLSv1.3' } as const
const asServer = { peer: 'OpenSSL 4.0 s_client', role: 'server', version: 'TLSv1.3' } as const

/** A key as `openssl ech` writes it, and its list in base64. */
function opensslKey(name: string): { readonly path: string; readonly pem: string; readonly list: string } {
  const path = file(`${name}.ech.pem`)
  openssl4('ech', '-public_name', PUBLIC_NAME, '-out', path)
  const pem = readFileSync(path, 'utf8')
  return { path, pem, list: /BEGIN ECHCONFIG-----([^-]*)/.exec(pem)![1]!.replace(/\s/g, '') }
}

const server = (...args: string[]) => startOpenssl4Server(both, 'TLSv1.3', ['-www', ...args])
const current = opensslKey('current')
const old = opensslKey('old')

async function rejected(port: number, options: Partial<ConnectOptions> = {}): Promise<EchRejectedError> {
  const error = await rejection((await connectTo(port, { ech: { configList: old.list }, ...options })).opened)
  expect(error).toBeInstanceOf(EchRejectedError)
  expect(error).toMatchObject({ code: 'ERR_TLS_ECH_REJECTED', alert: { from: 'us', level: 'fatal', description: 121 } })
  return error as EchRejectedError
}

describe('connect() with ECH', { timeout: 20_000 }, () => {
  for (const [form, configList] of [['base64', current.list], ['bytes', Buffer.from(current.list, 'base64')]] as const) {
    proves('ech', asClient, `is accepted, with a configuration as ${form}`, async () => {
      const { port } = await server('-ech_key', current.path)
      const connection = await connectTo(port, { ech: { configList } })
      expect(await connection.opened).toMatchObject({ ech: 'accepted', servername: 'localhost', outerServername: PUBLIC_NAME })
      expect((await fetchPage(connection)).toString()).toContain(`ECH success: outer sni: ${PUBLIC_NAME}, inner sni: localhost`)
      await connection.close()
    })
  }

  proves('ech', asClient, 'is accepted through a HelloRetryRequest', async () => {
    const { port } = await server('-ech_key', current.path, '-groups', 'secp384r1')
    const connection = await connectTo(port, { ech: { configList: current.list } })
    expect(await connection.opened).toMatchObject({ ech: 'accepted', group: 'secp384r1', servername: 'localhost' })
    await connection.close()
  })

  proves('ech', asClient, 'uses a key that we made', async () => {
    const { pem, configList } = await generateEchKey({ publicName: PUBLIC_NAME, suite: 'p-256,hkdf-sha256,aes-256-gcm', maxNameLength: 64 })
    writeFileSync(file('ours.ech.pem'), pem)
    const { port } = await server('-ech_key', file('ours.ech.pem'))
    const connection = await connectTo(port, { ech: { configList } })
    expect(await connection.opened).toMatchObject({ ech: 'accepted' })
    await connection.close()
  })

  proves('ech', asClient, 'is rejected with an old configuration, is given another, and is accepted with that', async () => {
    const { port } = await server('-ech_key', current.path)
    const { retryConfigList, publicNameVerified } = await rejected(port)
    expect(publicNameVerified).toBe(true)
    expect(base64(retryConfigList!)).toBe(current.list)
    const connection = await connectTo(port, { ech: { configList: retryConfigList! } })
    expect(await connection.opened).toMatchObject({ ech: 'accepted', servername: 'localhost' })
    await connection.close()
  })

  // OpenSSL 4.0's client takes a HelloRetryRequest that does not confirm ECH for one that did: its own s_client fails alike.
  proves('ech', asClient, 'gives up with an old configuration and a HelloRetryRequest', async () => {
    const { port } = await server('-ech_key', current.path, '-groups', 'secp384r1')
    const error = await rejection((await connectTo(port, { ech: { configList: old.list } })).opened)
    expect(error).toMatchObject({ code: 'ERR_SSL_ECH_REQUIRED', alert: { from: 'us', level: 'fatal', description: 47 } })
    expect(error).not.toBeInstanceOf(EchRejectedError)
  })

  proves('ech', asClient, 'learns that a server has switched ECH off', async () => {
    const { port } = await server()
    expect(await rejected(port)).toMatchObject({ publicNameVerified: true, retryConfigList: undefined })
  })

  proves('ech', { ...asClient, peer: 'openssl s_server', version: 'TLSv1.2' }, 'is rejected by a server of TLS 1.2', async () => {
    const { port } = await startOpensslServer(both, 'TLSv1.2')
    expect(await rejected(port)).toMatchObject({ publicNameVerified: true, retryConfigList: undefined })
  })

  proves('ech', asClient, 'takes no configuration from who is not the public name', async () => {
    const { port } = await startOpenssl4Server(
      authority.leaf({ name: 'inner alone', san: 'DNS:localhost' }), 'TLSv1.3', ['-www', '-ech_key', current.path],
    )
    const error = await rejection((await connectTo(port, { ech: { configList: old.list } })).opened)
    expect(error).toBeInstanceOf(CertificateError)
    expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    // Nor if nothing is verified: then nobody has proved anything.
    expect(await rejected(port, { dangerouslySkipVerification: true }))
      .toMatchObject({ publicNameVerified: false, retryConfigList: undefined })
  })

  proves('ech', asClient, 'shows its certificate to nobody but the server that was meant', async () => {
    const { peer, port } = await server('-ech_key', current.path, '-Verify', '1', '-CAfile', authority.ca.certFile)
    await rejected(port, { cert: clientIdentity.cert, key: clientIdentity.key })
    const connection = await connectTo(port, { cert: clientIdentity.cert, key: clientIdentity.key, ech: { configList: current.list } })
    await connection.opened
    await fetchPage(connection)
    await connection.close()
    expect(peer.log.match(/depth=0 CN *= *client/g)).toHaveLength(1)
  })

  proves('ech', asClient, 'sends GREASE by default, and nothing if told so', async () => {
    const { port } = await server('-ech_key', current.path)
    const page = async (options: Partial<ConnectOptions>, status: string) => {
      const connection = await connectTo(port, options)
      expect(await connection.opened).toMatchObject({ ech: status, servername: 'localhost', outerServername: undefined })
      const text = (await fetchPage(connection)).toString()
      await connection.close()
      return text
    }
    expect(await page({}, 'grease, answered')).toContain('ECH attempt we interpret as GREASE')
    expect(await page({ ech: 'grease', groups: 'P-384' }, 'grease, answered')).toContain('ECH attempt we interpret as GREASE')
    expect(await page({ ech: 'off' }, 'not configured')).toContain('ECH not attempted')
  })

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    proves('ech', { ...asClient, peer: 'openssl s_server', version }, 'disturbs with its GREASE no server that knows no ECH', async () => {
      const { port } = await startOpensslServer(both, version)
      const connection = await connectTo(port)
      expect(await connection.opened).toMatchObject({ protocol: version, ech: 'grease' })
      await connection.close()
    })
  }
})

describe('accept() with echKeys', { timeout: 20_000 }, () => {
  const list = (bytes: string) => ['-ech_config_list', bytes]

  for (const [maker, key] of [['openssl ech', () => current], ['generateEchKey', async () => {
    const { pem, configList } = await generateEchKey({ publicName: PUBLIC_NAME })
    return { pem, list: base64(configList) }
  }]] as const) {
    proves('ech', asServer, `accepts, with a key of ${maker}`, async () => {
      const key_ = await key()
      const { port, connection } = await acceptOne({ ...identity, echKeys: key_.pem })
      const peer = await startOpenssl4Client(port, 'TLSv1.3', list(key_.list))
      expect(await (await connection).opened).toMatchObject({ ech: 'accepted', servername: 'localhost', outerServername: PUBLIC_NAME })
      await peer.printed(/^ECH: success: 1$/m)
      await peer.printed(/^ECH: outer: public\.example$/m)
      await (await connection).close()
    })
  }

  proves('ech', asServer, 'accepts after a HelloRetryRequest', async () => {
    const { port, connection } = await acceptOne({ ...identity, echKeys: current.pem, groups: 'P-384' })
    const peer = await startOpenssl4Client(port, 'TLSv1.3', list(current.list))
    expect(await (await connection).opened).toMatchObject({ ech: 'accepted', group: 'secp384r1' })
    await peer.printed(/^ECH: success: 1$/m)
    await (await connection).close()
  })

  proves('ech', asServer, 'hands its configuration to a client with an old one, and accepts that', async () => {
    const first = await acceptOne({ ...identity, echKeys: current.pem })
    const peer = await startOpenssl4Client(first.port, 'TLSv1.3', list(old.list))
    expect(await rejection((await first.connection).opened)).toMatchObject({ alert: { from: 'peer', description: 121 } })
    await peer.printed(/^ECH: failed\+retry-configs: -105$/m)
    // It prints them in words: the public key is what tells.
    const key = Buffer.from(current.list, 'base64').subarray(11, 43).toString('hex')
    await peer.printed(new RegExp(`^ECH: \\t\\[fe0d,.*${key}`, 'm'))
    const second = await acceptOne({ ...identity, echKeys: current.pem })
    const again = await startOpenssl4Client(second.port, 'TLSv1.3', list(current.list))
    await again.printed(/^ECH: success: 1$/m)
    await (await second.connection).close()
  })

  proves('ech', asServer, 'rotates: an old key still decrypts, and only the new one is handed out', async () => {
    const echKeys = [current.pem, { pem: Buffer.from(old.pem), forRetry: false }]
    for (const { list: configs } of [current, old]) {
      const { port, connection } = await acceptOne({ ...identity, echKeys })
      const peer = await startOpenssl4Client(port, 'TLSv1.3', list(configs))
      expect(await (await connection).opened).toMatchObject({ ech: 'accepted' })
      await peer.printed(/^ECH: success: 1$/m)
      await (await connection).close()
    }
    const { port, connection } = await acceptOne({ ...identity, echKeys })
    const peer = await startOpenssl4Client(port, 'TLSv1.3', list(opensslKey('older').list))
    await rejection((await connection).opened)
    await peer.printed(/^ECH: Got 1 retry-configs$/m)
  })

  proves('ech', asServer, 'takes GREASE for what it is, and clients without ECH too', async () => {
    for (const [args, ech] of [[['-ech_grease'], 'grease'], [[], 'not tried']] as const) {
      const { port, connection } = await acceptOne({ ...identity, echKeys: current.pem })
      const peer = await startOpenssl4Client(port, 'TLSv1.3', args)
      expect(await (await connection).opened).toMatchObject({ ech, servername: 'localhost', outerServername: undefined })
      await peer.printed(/^Verify return code: 0/m)
      await (await connection).close()
    }
  })
})
