// What consoles and JSON show of an error.

import { inspect } from 'node:util'
import { beforeAll, expect, it } from 'vitest'
import { CertificateError, connect, EchRejectedError, load, type LibSsl } from '../../src/index.js'
import { temporaryAuthority } from '../helpers/certificates.js'
import { peers, rejection } from '../helpers/stream-peers.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

const stranger = temporaryAuthority('a stranger').leaf({ name: 'shown', san: 'DNS:localhost,DNS:other.example' })
async function refused(): Promise<CertificateError> {
  const { client, server } = peers({ client: { libssl }, server: { libssl, cert: stranger.cert, key: stranger.key } })
  const error = await rejection(client.opened)
  await rejection(server.opened)
  return error as CertificateError
}

it('a CertificateError prints no bytes, also where consoles do not ask how to print, as for one that is not caught', async () => {
  const error = await refused()
  expect(error.certificate).toMatchObject({ subject: 'CN=shown' })
  for (const printed of [
    inspect(error), inspect(error, { customInspect: false }), inspect(new Error('x', { cause: error }), { customInspect: false }),
  ]) {
    expect(printed).not.toMatch(/Uint8Array|raw/)
    expect(printed.split('\n').filter((line) => !/^ *at /.test(line)).length).toBeLessThan(20)
  }
})

it('an EchRejectedError prints no bytes either', () => {
  const retryConfigList = new Uint8Array(300)
  const error = new EchRejectedError('rejected', { publicNameVerified: true, retryConfigList })
  expect(error.retryConfigList).toBe(retryConfigList)
  expect(inspect(error)).not.toContain('Uint8Array')
})

it('JSON has the message, the fields, the certificate in words, and the cause', async () => {
  const error = await refused()
  expect(JSON.parse(JSON.stringify(error))).toMatchObject({
    name: 'CertificateError', message: error.message, code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', depth: 0,
    certificate: { subject: 'CN=shown', names: { dns: ['localhost', 'other.example'] } },
  })
  expect(JSON.stringify(error).length).toBeLessThan(3000)
  const failing = connect(
    { readable: new ReadableStream({ start(c) { c.error(new RangeError('lost')) } }), writable: new WritableStream() },
    { servername: 'localhost', ca: stranger.cert, libssl },
  )
  expect(JSON.parse(JSON.stringify(await rejection(failing.opened))))
    .toMatchObject({ name: 'TransportError', code: 'ERR_TLS_TRANSPORT', cause: 'RangeError: lost' })
})
