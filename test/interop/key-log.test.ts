// The key log: tshark decrypts what passed, and peers that others wrote keep the same.

import { existsSync, readFileSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { file } from '../helpers/certificates.js'
import { proves } from '../helpers/features.js'
import { fetchPage, readUntil, send } from './peers/bytes.js'
import { capture, decrypt } from './peers/capture.js'
import { startCurl } from './peers/curl.js'
import { identities, only, versions } from './peers/matrix.js'
import { startNginx } from './peers/nginx.js'
import { startOpensslClient, startOpensslServer } from './peers/openssl.js'
import { acceptOne, connectTo } from './peers/tcp.js'

/** Without comments and the order in which they came. */
const lines = (path: string) => readFileSync(path, 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#')).toSorted()

describe('the key log', { timeout: 40_000 }, () => {
  for (const version of versions) {
    proves('key-log', {
      peer: 'nginx, tshark', role: 'client', version,
    }, 'a capture of ours with nginx decrypts with the file that SSLKEYLOGFILE names', async () => {
      const [keys, pcap] = [file(`nginx-${version}.keys`), file(`nginx-${version}.pcap`)]
      const nginx = await startNginx(identities.EC, version)
      const between = await capture(nginx.port)
      process.env['SSLKEYLOGFILE'] = keys
      try {
        const connection = await connectTo(between.port, { keylogFile: true })
        expect((await fetchPage(connection, '/told')).toString()).toMatch(/200 OK/)
        await connection.close()
      } finally {
        delete process.env['SSLKEYLOGFILE']
      }
      between.save(pcap)
      const decrypted = await decrypt(pcap, keys)
      expect(decrypted).toContain('GET /told HTTP/1.0')
      expect(decrypted).toContain('HTTP/1.1 200 OK')
      expect(decrypted).toMatch(new RegExp(`${version.replace('.', '\\.')}\\|`)) // what nginx knows of the connection
      expect(await decrypt(pcap, undefined)).not.toContain('GET /told')
    })

    proves('key-log', {
      peer: 'curl, tshark', role: 'server', version,
    }, 'a capture of ours with curl decrypts with the file that keylogFile names', async () => {
      const [keys, pcap] = [file(`curl-${version}.keys`), file(`curl-${version}.pcap`)]
      const server = await acceptOne({ ...only(version), keylogFile: keys })
      const between = await capture(server.port)
      const curl = await startCurl(between.port, '/a/path', [])
      const connection = await server.connection
      await readUntil(connection.readable, (bytes) => bytes.includes('\r\n\r\n'))
      await send(connection.writable, 'HTTP/1.0 200 OK\r\n\r\nan answer')
      await connection.close()
      expect(await curl.end()).toBe(0)
      between.save(pcap)
      const decrypted = await decrypt(pcap, keys)
      expect(decrypted).toContain('GET /a/path HTTP/')
      expect(decrypted).toContain('an answer')
    })

    proves('key-log', { peer: 'openssl s_server', role: 'client', version }, 'has the lines that its -keylogfile has', async () => {
      const [ours, theirs] = [file(`ours-${version}.keys`), file(`s_server-${version}.keys`)]
      const told: string[] = []
      const { peer, port } = await startOpensslServer(identities.EC, version, ['-keylogfile', theirs])
      const connection = await connectTo(port, { keylogFile: ours, onKeylog: (line) => told.push(line) })
      await connection.opened
      await send(connection.writable, 'hello\n')
      await peer.printed(/hello/)
      await connection.close()
      expect(existsSync(theirs)).toBe(true)
      expect(lines(ours)).toEqual(lines(theirs))
      expect(told.toSorted()).toEqual(lines(ours))
    })

    proves('key-log', { peer: 'openssl s_client', role: 'server', version }, 'has the lines that its -keylogfile has', async () => {
      const [ours, theirs] = [file(`ours-too-${version}.keys`), file(`s_client-${version}.keys`)]
      const server = await acceptOne({ keylogFile: ours })
      const peer = await startOpensslClient(server.port, version, ['-keylogfile', theirs])
      const connection = await server.connection
      await send(connection.writable, 'hello\n')
      await peer.printed(/hello/)
      await connection.close()
      await peer.end()
      expect(lines(ours)).toEqual(lines(theirs))
    })
  }
})
