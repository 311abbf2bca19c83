// keylogFile of connect() and accept().

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { ApiMisuseError } from '../../src/index.js'
import * as anywhere from '../../src/loader/keylog.any.js'
import * as nowhere from '../../src/loader/keylog.default.js'
import { file } from '../helpers/certificates.js'
import { closeBoth, opened, peers, readAll, rejection, VERSIONS } from '../helpers/stream-peers.js'

let count = 0
const fresh = () => file(`${++count}.keys`)
const lines = (path: string) => readFileSync(path, 'utf8').split('\n').slice(0, -1)

afterEach(() => { delete process.env['SSLKEYLOGFILE'] })

describe.each(VERSIONS)('keylogFile, %s', (version) => {
  it('is appended to, by both sides and beside onKeylog, and is its owner\'s alone', async () => {
    const [client, server] = [fresh(), fresh()]
    const told: string[] = []
    writeFileSync(server, '# of before\n')
    for (let round = 0; round < 2; round++) {
      await closeBoth(
        await opened({ version, client: { keylogFile: client, onKeylog: (line) => told.push(line) }, server: { keylogFile: server } }),
      )
    }
    expect(lines(client)).toEqual(told)
    expect(new Set(told).size).toBe(version === 'TLSv1.2' ? 2 : 2 * 5)
    expect(lines(server)[0]).toBe('# of before')
    expect(lines(server).slice(1).toSorted()).toEqual(told.toSorted())
    expect(statSync(client).mode & 0o777).toBe(0o600)
  })

  it('true is the file that SSLKEYLOGFILE names, and none if it names none; without the option the environment means nothing', async () => {
    const named = fresh()
    await closeBoth(await opened({ version, client: { keylogFile: true } }))
    process.env['SSLKEYLOGFILE'] = named
    await closeBoth(await opened({ version, server: { keylogFile: false } }))
    expect(() => statSync(named)).toThrow(expect.objectContaining({ code: 'ENOENT' }))
    await closeBoth(await opened({ version, client: { keylogFile: true } }))
    expect(lines(named).length).toBeGreaterThan(0)
    process.env['SSLKEYLOGFILE'] = ''
    await closeBoth(await opened({ version, client: { keylogFile: true } }))
  })

  it('that cannot be appended to is refused before anything is sent', async () => {
    const directory = fresh()
    mkdirSync(directory)
    for (const wrong of [directory, `${fresh()}/missing`]) {
      const both = peers({ version, client: { keylogFile: wrong } })
      const error = await rejection(both.client.opened)
      expect(error).toBeInstanceOf(ApiMisuseError)
      expect(error)
        .toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'keylogFile', cause: { code: wrong === directory ? 'EISDIR' : 'ENOENT' } })
      expect(await rejection(both.server.opened)).not.toBe(error)
    }
  })

  it('that cannot be appended to any more ends the connection with what the file system says', async () => {
    const keys = fresh()
    const both = peers({
      version,
      client: {
        keylogFile: keys, onIo: ({ call, sentBytes }) => { if (call === 'SSL_connect' && sentBytes > 0) replaceByDirectory(keys) },
      },
    })
    const error = await rejection(both.client.opened)
    expect(error).toMatchObject({ code: 'EISDIR' })
    expect(await rejection(both.client.closed)).toBe(error)
    await rejection(readAll(both.server.readable)) // it may have finished: the callback cannot stop OpenSSL's call
  })
})

function replaceByDirectory(path: string): void {
  if (statSync(path).isDirectory()) return
  rmSync(path)
  mkdirSync(path)
}

describe('the file of secrets, by platform', () => {
  it('one build for all asks the platform', () => {
    // Node has had it since 20.16.
    const asks = typeof (process as { getBuiltinModule?: unknown }).getBuiltinModule === 'function'
    expect(anywhere.hasKeylogFiles()).toBe(asks)
    const keys = fresh()
    anywhere.keylogFile(keys)?.('a line')
    if (asks) expect(lines(keys)).toEqual(['a line'])
    expect(anywhere.keylogFile(undefined)).toBeUndefined()
  })

  it('there is none elsewhere', () => {
    expect(nowhere.hasKeylogFiles()).toBe(false)
    expect(nowhere.keylogFile('x')).toBeUndefined()
  })
})
