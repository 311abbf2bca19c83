// What OpenSSL tells of the messages that go by, and of the secrets.

import { beforeAll, describe, expect, it } from 'vitest'
import { describeMessage, load, type LibSsl, type ProtocolEvent, type ProtocolMessage, type Ssl } from '../../src/core.js'
import { Link, utf8, VERSIONS, type LinkOptions, type Version } from '../helpers/link.js'

let lib: LibSsl
beforeAll(async () => { lib = await load() })

const flights: Readonly<Record<Version, readonly string[]>> = {
  'TLSv1.2': [
    'sent ClientHello', 'received ServerHello', 'received Certificate', 'received ServerKeyExchange', 'received ServerHelloDone',
    'sent ClientKeyExchange', 'sent Finished', 'received NewSessionTicket', 'received Finished',
  ],
  'TLSv1.3': [
    'sent ClientHello', 'received ServerHello', 'received EncryptedExtensions', 'received Certificate', 'received CertificateVerify',
    'received Finished', 'sent Finished',
  ],
}

/** A handshake of which the client's messages are kept. */
function traced(version: Version, options: LinkOptions = {}) {
  const events: ProtocolEvent[] = []
  const link = new Link(lib, {
    ...options,
    version,
    client: { ...options.client, prepare: (ssl) => ssl.setMsgCallback((message) => events.push(describeMessage(lib, message))) },
  })
  return { link, events }
}

const messages = (events: readonly ProtocolEvent[], kind: ProtocolEvent['kind'] = 'handshake') =>
  events.filter((event) => event.kind === kind).map(({ direction, name }) => `${direction} ${name}`)

describe.each(VERSIONS)('Ssl.setMsgCallback, %s', (version) => {
  it('sees the handshake in the order of its RFC', () => {
    const { link, events } = traced(version)
    link.established().free()
    expect(messages(events).filter((name) => !name.endsWith('NewSessionTicket')))
      .toEqual(flights[version].filter((name) => !name.endsWith('NewSessionTicket')))
    expect(events.every(({ version }) => /^TLSv1\.[0-3]$/.test(version))).toBe(true)
  })

  it('counts every byte of every record, both ways', () => {
    const carried = { client: 0, server: 0 }
    const { link, events } = traced(version, { tap: (from, bytes) => { carried[from] += bytes.byteLength } })
    link.established()
    link.send('client', utf8('hello'))
    link.send('server', utf8('and back'))
    const records = (direction: string) => events.filter((event) => event.kind === 'record' && event.direction === direction)
      .reduce((sum, { bytes }) => sum + bytes, 0)
    expect(records('sent')).toBe(carried.client)
    expect(records('received')).toBe(carried.server)
    expect(events.some(({ kind, name }) => kind === 'record' && name === 'application_data')).toBe(true)
    link.free()
  })

  it('names the alert that refuses a certificate', () => {
    const { link, events } = traced(version, { ca: null })
    link.handshake()
    expect(messages(events, 'alert')).toEqual(['sent fatal unknown_ca'])
    link.free()
  })

  it('gives copies, which stay what they were', () => {
    const kept: [Uint8Array, string][] = []
    const keep = ({ bytes }: ProtocolMessage) => kept.push([bytes, bytes.join()])
    const link = new Link(lib, { version, client: { prepare: (ssl) => ssl.setMsgCallback(keep) } }).established()
    link.send('server', new Uint8Array(10_000).fill(7))
    expect(kept.length).toBeGreaterThan(5)
    for (const [bytes, before] of kept) expect(bytes.join()).toBe(before)
    link.free()
  })

  it('throws out of the I/O call what the callback threw', () => {
    const thrown = new Error('enough')
    const link = new Link(lib, { version, client: { prepare: (ssl) => ssl.setMsgCallback(() => { throw thrown }) } })
    expect(() => link.handshake()).toThrow(thrown)
    link.free()
  })

  it('may be taken away again, and may free its connection', () => {
    const { link, events } = traced(version)
    link.established()
    link.client.ssl.setMsgCallback(undefined)
    const before = events.length
    link.send('server', utf8('unseen'))
    expect(events).toHaveLength(before)
    let ssl: Ssl | undefined
    const other = new Link(lib, { version, client: { prepare: (own) => { ssl = own; own.setMsgCallback(() => own.free()) } } })
    other.client.ssl.connect()
    expect(ssl!.alive).toBe(false)
    other.free()
    link.free()
  })
})

describe('describeMessage', () => {
  it('tells a HelloRetryRequest from a ServerHello', () => {
    const { link, events } = traced('TLSv1.3', {
      client: { configure: (ctx) => ctx.set1GroupsList('*X25519:secp384r1') },
      server: { configure: (ctx) => ctx.set1GroupsList('secp384r1') },
    })
    link.established()
    expect(messages(events).slice(0, 4))
      .toEqual(['sent ClientHello', 'received HelloRetryRequest', 'sent ClientHello', 'received ServerHello'])
    link.free()
  })

  it.each([[[]], [[99]], [[2]], [[2, 0, 0, 0]]])('has words for messages that make no sense: %j', (bytes) => {
    for (const contentType of [0, 20, 21, 22, 23, 256, 257, 999]) {
      const { name, version } = describeMessage(lib, { sent: true, version: 0x7f12, contentType, bytes: Uint8Array.from(bytes) })
      expect(name).toMatch(/./)
      expect(version).toBe('0x7f12')
    }
  })
})

describe('Ssl.setKeylogCallback', () => {
  const labels: Readonly<Record<Version, readonly string[]>> = {
    'TLSv1.2': ['CLIENT_RANDOM'],
    'TLSv1.3': [
      'SERVER_HANDSHAKE_TRAFFIC_SECRET', 'CLIENT_HANDSHAKE_TRAFFIC_SECRET', 'EXPORTER_SECRET', 'SERVER_TRAFFIC_SECRET_0',
      'CLIENT_TRAFFIC_SECRET_0',
    ],
  }

  it.each(VERSIONS)('gives both sides the same lines in the NSS format, %s', (version) => {
    const [client, server]: [string[], string[]] = [[], []]
    new Link(lib, {
      version,
      client: { prepare: (ssl) => ssl.setKeylogCallback((line) => client.push(line)) },
      server: { prepare: (ssl) => ssl.setKeylogCallback((line) => server.push(line)) },
    }).established().free()
    expect(client.toSorted()).toEqual(server.toSorted())
    expect(client.map((line) => line.split(' ')[0]).toSorted()).toEqual(labels[version].toSorted())
    for (const line of client) expect(line).toMatch(/^[A-Z0-9_]+ [0-9a-f]{64} ([0-9a-f]{64}|[0-9a-f]{96})$/)
  })

  it('tells nothing of other connections of the same context', () => {
    const first = new Link(lib, {})
    const lines: string[] = []
    first.client.ssl.setKeylogCallback((line) => lines.push(line))
    const second = new Link(lib, { client: { ctx: first.client.ctx } }).established()
    expect(lines).toEqual([])
    second.free()
    first.established().free()
    expect(lines.length).toBeGreaterThan(0)
  })

  it('throws out of the I/O call what the callback threw', () => {
    const thrown = new Error('enough')
    const link = new Link(lib, { client: { prepare: (ssl) => ssl.setKeylogCallback(() => { throw thrown }) } })
    expect(() => link.handshake()).toThrow(thrown)
    link.free()
  })
})
