// onClientHello and the chooser of ALPN protocols with clients that others wrote.

import { once } from 'node:events'
import { connect as tlsConnect } from 'node:tls'
import { describe, expect, onTestFinished } from 'vitest'
import { generateEchKey, RefusalError, TicketKeys, type AcceptOptions, type ClientHello, type HelloAnswer } from '../../src/index.js'
import { authority, file } from '../helpers/certificates.js'
import { proves } from '../helpers/features.js'
import { rejection, turns } from '../helpers/streams.js'
import { startCurl } from './peers/curl.js'
import { startGnutlsClient } from './peers/gnutls.js'
import { identities, only, versions } from './peers/matrix.js'
import { startOpensslClient, startOpensslServer } from './peers/openssl.js'
import { startOpenssl4Client } from './peers/openssl4.js'
import { acceptOne, connectTo, dial } from './peers/tcp.js'

const elsewhere = authority.leaf({ name: 'elsewhere', san: 'DNS:elsewhere.example' })

/** A certificate by the name, and no other names. */
async function byName({ servername }: ClientHello): Promise<HelloAnswer | undefined> {
  await turns()
  if (servername === 'localhost') return undefined
  if (servername === 'elsewhere.example') return { cert: elsewhere.cert, key: elsewhere.key, alpnProtocols: ['two'] }
  throw new RefusalError('unrecognized_name')
}

describe('accept() with onClientHello', { timeout: 20_000 }, () => {
  for (const version of versions) {
    const proof = { role: 'server', version } as const

    proves('server-callbacks', {
      ...proof, peer: 'openssl s_client',
    }, 'shows another certificate for another name, in its own time', async () => {
      const { port, connection } = await acceptOne({ onClientHello: byName })
      const peer = await startOpensslClient(
        port, version, ['-servername', 'elsewhere.example', '-verify_hostname', 'elsewhere.example', '-alpn', 'one,two'],
      )
      expect(await (await connection).opened).toMatchObject({ servername: 'elsewhere.example', alpnProtocol: 'two' })
      await peer.printed(/^ALPN protocol: two$/m)
      await peer.printed(/^ *Verify return code: 0 \(ok\)$/m)
      await (await connection).close()
    })

    proves('server-callbacks', { ...proof, peer: 'openssl s_client' }, 'acknowledges a name that a callback was told', async () => {
      const acknowledged = async (options: Partial<AcceptOptions>, servername = 'localhost') => {
        const { port, connection } = await acceptOne(options)
        const peer = await startOpensslClient(port, version, ['-tlsextdebug', '-alpn', 'one', '-servername', servername])
        await peer.printed(/^ *Verify return code: 0 \(ok\)$/m)
        await (await connection).close()
        return /^TLS server extension "server name" \(id=0\), len=0$/m.test(peer.stdout.toString())
      }
      expect(await acknowledged({ onClientHello: () => {} })).toBe(true)
      expect(await acknowledged({ alpnProtocols: () => 'one' })).toBe(true)
      expect(await acknowledged({ ca: authority.ca.cert, clientCertificate: 'optional', verify: () => true })).toBe(true)
      expect(await acknowledged({ alpnProtocols: ['one'] })).toBe(false)
      expect(await acknowledged({ onClientHello: () => {} }, 'not a name')).toBe(false)
    })

    proves('server-callbacks', { ...proof, peer: 'openssl s_client' }, 'sees what the client offers before it answers', async () => {
      let hello!: ClientHello
      const { port, connection } = await acceptOne({ onClientHello: (seen) => { hello = seen } })
      await startOpensslClient(port, version, ['-alpn', 'one,two', '-groups', 'P-384:P-256', '-sigalgs', 'ECDSA+SHA256:RSA-PSS+SHA256',
        '-cipher', 'ECDHE-ECDSA-AES128-GCM-SHA256', '-ciphersuites', 'TLS_AES_256_GCM_SHA384'])
      await (await connection).opened
      expect(hello).toMatchObject({
        servername: 'localhost', alpnProtocols: ['one', 'two'], versions: [version], groups: ['secp384r1', 'secp256r1'],
        signatureAlgorithms: ['ecdsa_secp256r1_sha256', 'rsa_pss_rsae_sha256'],
      })
      expect(hello.ciphersuites[0]).toBe(version === 'TLSv1.3' ? 'TLS_AES_256_GCM_SHA384' : 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256')
      await (await connection).close()
    })

    proves('server-callbacks', { ...proof, peer: 'node:tls' }, 'refuses an unknown name by its own alert, with its own error', async () => {
      const { port, connection } = await acceptOne({ onClientHello: byName })
      const tls = tlsConnect({ socket: await dial(port), servername: 'nobody.example', ca: authority.ca.cert, ...only(version) })
      onTestFinished(() => void tls.destroy())
      const [error] = await once(tls, 'error') as [NodeJS.ErrnoException]
      expect(error.code).toMatch(/^ERR_SSL_(TLSV1_|SSL\/TLS_ALERT_|TLSV1_ALERT_)?UNRECOGNIZED_NAME$/)
      expect(await rejection((await connection).opened)).toMatchObject({ code: 'ERR_TLS_REFUSED', alertName: 'unrecognized_name' })
    })

    proves('server-callbacks', { ...proof, peer: 'gnutls-cli' }, 'asks a client for its certificate by the name', async () => {
      const client = authority.leaf({ name: 'client', san: 'DNS:client.example' })
      const onClientHello = async () => ({ ca: authority.ca.cert })
      const { port, connection } = await acceptOne({ onClientHello })
      await startGnutlsClient(port, version, ['--x509certfile', client.certFile, '--x509keyfile', client.keyFile])
      expect(await (await connection).opened).toMatchObject({ verifyResult: 'X509_V_OK', peerCertificate: { subject: 'CN=client' } })
      await (await connection).close()
    })

    proves('server-callbacks', {
      ...proof, peer: 'openssl s_client',
    }, 'resumes no session where another answer asks for a certificate', async () => {
      const options = {
        ticketKeys: new TicketKeys(),
        onClientHello: ({ servername }: ClientHello) =>
          (servername === 'elsewhere.example' ? { cert: elsewhere.cert, key: elsewhere.key, ca: authority.ca.cert } : {}),
      }
      const path = file(`${version}.session`)
      const first = await acceptOne(options)
      const saving = await startOpensslClient(first.port, version, ['-sess_out', path])
      const one = await first.connection
      await one.opened
      await one.close()
      await saving.end()
      expect(saving.log).toMatch(/TLS session ticket:/)

      const second = await acceptOne(options)
      await startOpensslClient(second.port, version, ['-sess_in', path])
      expect(await (await second.connection).opened).toMatchObject({ resumed: true })
      await (await second.connection).close()

      const third = await acceptOne(options)
      await startOpensslClient(
        third.port, version, ['-sess_in', path, '-servername', 'elsewhere.example', '-verify_hostname', 'elsewhere.example'],
      )
      expect(await rejection((await third.connection).opened)).toMatchObject({ code: 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE' })
    })

    proves('server-callbacks', { ...proof, peer: 'curl' }, 'serves it after a while', async () => {
      const { port, connection } = await acceptOne({ onClientHello: byName })
      const curl = await startCurl(port, '/', [...(version === 'TLSv1.2' ? ['--tls-max', '1.2'] : ['--tlsv1.3'])])
      const { readable, writable, opened } = await connection
      expect((await opened).servername).toBe('localhost')
      await readable.getReader().read()
      const writer = writable.getWriter()
      await writer.write(new TextEncoder().encode('HTTP/1.0 200 OK\r\n\r\nserved'))
      await writer.close()
      expect(await curl.end()).toBe(0)
      expect(curl.stdout.toString()).toBe('served')
    })
  }

  proves('server-callbacks', {
    role: 'server', version: 'TLSv1.3', peer: 'OpenSSL 4.0 s_client',
  }, 'sees the name that ECH has hidden', async () => {
    const { pem, configList } = await generateEchKey({ publicName: 'localhost' })
    const seen: (string | undefined)[] = []
    const { port, connection } = await acceptOne({
      echKeys: pem, onClientHello: (hello) => { seen.push(hello.servername); return byName(hello) },
    })
    const peer = await startOpenssl4Client(
      port, 'TLSv1.3',
      ['-servername', 'elsewhere.example', '-verify_hostname', 'elsewhere.example', '-ech_config_list',
      Buffer.from(configList).toString('base64')],
    )
    expect(await (await connection).opened)
      .toMatchObject({ ech: 'accepted', servername: 'elsewhere.example', outerServername: 'localhost' })
    expect(seen).toEqual(['elsewhere.example'])
    await peer.printed(/^ECH: success: 1$/m)
    await (await connection).close()
  })
})

describe('accept() with a chooser of ALPN protocols', { timeout: 20_000 }, () => {
  const server = (alpnProtocols: NonNullable<AcceptOptions['alpnProtocols']>) => acceptOne({ alpnProtocols })

  for (const version of versions) {
    const proof = { role: 'server', version } as const
    const last = (offered: readonly string[]) => offered.at(-1)

    proves('alpn', { ...proof, peer: 'openssl s_client' }, 'chooses', async () => {
      const { port, connection } = await server(last)
      const peer = await startOpensslClient(port, version, ['-alpn', 'one,two,three'])
      expect((await (await connection).opened).alpnProtocol).toBe('three')
      await peer.printed(/^ALPN protocol: three$/m)
      await (await connection).close()
    })

    proves('alpn', { ...proof, peer: 'node:tls' }, 'refuses, by an alert', async () => {
      const { port, connection } = await server(() => undefined)
      const tls = tlsConnect({
        socket: await dial(port), servername: 'localhost', ca: authority.ca.cert, ALPNProtocols: ['one'], ...only(version),
      })
      onTestFinished(() => void tls.destroy())
      const [error] = await once(tls, 'error') as [NodeJS.ErrnoException]
      expect(error.code).toMatch(/NO_APPLICATION_PROTOCOL$/)
      expect(await rejection((await connection).opened)).toMatchObject({ code: 'ERR_SSL_NO_APPLICATION_PROTOCOL' })
    })

    proves('alpn', { ...proof, peer: 'gnutls-cli' }, 'chooses', async () => {
      const { port, connection } = await server(last)
      const { peer, said } = await startGnutlsClient(port, version, ['--alpn', 'one', '--alpn', 'two'])
      expect((await (await connection).opened).alpnProtocol).toBe('two')
      await (await connection).close()
      await peer.end()
      expect(said() + peer.log).toMatch(/Application protocol: two/)
    })

    proves('alpn', { ...proof, peer: 'curl' }, 'chooses', async () => {
      const { port, connection } = await server(last)
      await startCurl(port, '/', ['--http2', ...(version === 'TLSv1.2' ? ['--tls-max', '1.2'] : ['--tlsv1.3'])])
      expect((await (await connection).opened).alpnProtocol).toBe('http/1.1')
      ;(await connection).abort()
    })
  }
})

describe('connect() with alpnProtocols', { timeout: 20_000 }, () => {
  for (const version of versions) {
    const proof = { role: 'client', version, peer: 'openssl s_server' } as const

    proves('alpn', proof, 'offers, and learns what was chosen', async () => {
      const { port } = await startOpensslServer(identities.EC, version, ['-www', '-alpn', 'two,one'])
      const connection = await connectTo(port, { alpnProtocols: ['one', 'two'] })
      expect((await connection.opened).alpnProtocol).toBe('two')
      await connection.close()
    })
  }
})
