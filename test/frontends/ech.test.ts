// Options ech and echKeys: what of them does not fit together, and what needs two ends of ours.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  accept, ApiMisuseError, connect, EchRejectedError, generateEchKey, load, memoryTransportPair, type ConnectOptions, type EchKey,
  type LibSsl,
} from '../../src/index.js'
import { authority } from '../helpers/certificates.js'
import { clientOptions, closeBoth, opened, peers, rejection, serverOptions } from '../helpers/stream-peers.js'

const publicName = 'public.example'
const identity = authority.leaf({ san: `DNS:localhost,DNS:${publicName}` })
const { cert, key } = identity

let libssl: LibSsl
let ech: EchKey
beforeAll(async () => {
  libssl = await load()
  ech = await generateEchKey({ publicName, libssl })
})

const start = (options: Partial<ConnectOptions>) => () => connect(memoryTransportPair()[0], { ...clientOptions(), ...options })

describe('option ech', () => {
  it('is refused where it hides nothing', () => {
    const wrong = expect.objectContaining({ constructor: ApiMisuseError, code: 'ERR_TLS_INVALID_OPTION', option: 'ech' })
    const { configList } = ech
    expect(start({ ech: { configList }, servername: '127.0.0.1' })).toThrow(wrong)
    expect(start({ ech: { configList }, servername: undefined as never, dangerouslySkipVerification: true })).toThrow(wrong)
    expect(start({ ech: { configList }, maxVersion: 'TLSv1.2' })).toThrow(wrong)
    expect(start({ ech: { configList: configList.slice(0, -1) } })).toThrow(wrong)
    expect(() => accept(memoryTransportPair()[0], { ...serverOptions(), echKeys: ech.pem, maxVersion: 'TLSv1.2' }))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option: 'echKeys' }))
  })

  it('greases no connection of TLS 1.2, where nobody would see it', async () => {
    const both = await opened({ version: 'TLSv1.2' })
    expect((await both.client.opened).ech).toBe('not configured')
    await closeBoth(both)
  })

  it('is refused before the first byte if no configuration can be used', async () => {
    const configList = ech.configList.slice()
    configList[2] = 0xff // a version that is to come
    const [near, far] = memoryTransportPair()
    const error = await rejection(connect(near, { ...clientOptions(), ech: { configList } }).opened)
    expect(error).toBeInstanceOf(ApiMisuseError)
    expect(error).toMatchObject({ option: 'ech' })
    await rejection(far.readable.getReader().read().then(({ done }) => { if (done) throw new Error('ended') })) // without a byte
  })

  it('is copied', async () => {
    const configList = ech.configList.slice()
    const [near, far] = memoryTransportPair()
    const client = connect(near, { ...clientOptions(), ech: { configList } })
    configList.fill(0)
    const server = accept(far, { cert, key, echKeys: ech.pem })
    expect(await client.opened).toMatchObject({ ech: 'accepted' })
    expect(await server.opened).toMatchObject({ ech: 'accepted', servername: 'localhost', outerServername: publicName })
    await closeBoth({ client, server })
  })

  it('is told by a server without keys that ECH is off', async () => {
    const { client, server } = peers({ client: { ech: { configList: ech.configList } }, server: { cert, key } })
    const error = await rejection(client.opened)
    expect(error).toBeInstanceOf(EchRejectedError)
    expect(error).toMatchObject({ code: 'ERR_TLS_ECH_REJECTED', publicNameVerified: true, retryConfigList: undefined })
    expect(await rejection(server.opened.then(() => server.closed))).toMatchObject({
      code: 'ERR_SSL_TLSV13_ALERT_ECH_REQUIRED', message: expect.stringContaining('ech required') as string,
      alert: { from: 'peer', description: 121 },
    })
  })
})

describe('option echKeys', () => {
  it('serves two keys that have the same id by chance', async () => {
    // Ids are one byte: there are two alike among some twenty, and always among 257.
    const byId = new Map<number, EchKey>()
    let pair: readonly EchKey[] | undefined
    while (!pair) {
      const next = await generateEchKey({ publicName, libssl })
      const id = next.configList[6]!
      if (byId.has(id)) pair = [byId.get(id)!, next]
      byId.set(id, next)
    }
    for (const { configList } of pair) {
      const both = await opened({
        client: { ech: { configList }, libssl }, server: { cert, key, echKeys: pair.map(({ pem }) => pem), libssl },
      })
      expect(await both.client.opened).toMatchObject({ ech: 'accepted' })
      await closeBoth(both)
    }
  })

  it.each(['x', 'a key without a configuration', 'a certificate'])('is refused before the first byte if it is %s', async (what) => {
    const echKeys = what === 'x' ? what : what === 'a certificate' ? cert : key
    const { client, server } = peers({ server: { echKeys } })
    expect(await rejection(server.opened)).toMatchObject({ constructor: ApiMisuseError, option: 'echKeys' })
    await rejection(client.opened)
  })
})
