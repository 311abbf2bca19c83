// onTrace and onKeylog of connect() and accept().

import { beforeAll, describe, expect, it } from 'vitest'
import { load, type LibSsl, type TraceEvent } from '../../src/index.js'
import { closeBoth, opened, peers, rejection, VERSIONS } from '../helpers/stream-peers.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

describe.each(VERSIONS)('onTrace, %s', (version) => {
  it('tells each side of what the other sent', async () => {
    const [client, server]: [TraceEvent[], TraceEvent[]] = [[], []]
    const both = await opened({
      version,
      client: { libssl, onTrace: (event) => client.push(event) },
      server: { libssl, onTrace: (event) => server.push(event) },
    })
    await closeBoth(both)
    const told = (events: readonly TraceEvent[], wanted: TraceEvent['direction']) =>
      events.filter(({ kind, direction }) => direction === wanted && (kind === 'handshake' || kind === 'alert')).map(({ name, bytes }) => ({ name, bytes }))
    expect(told(client, 'sent')).toEqual(told(server, 'received'))
    expect(told(client, 'received')).toEqual(told(server, 'sent'))
    expect(told(client, 'sent')[0]).toMatchObject({ name: 'ClientHello' })
    expect(told(client, 'sent').at(-1)).toMatchObject({ name: 'warning close_notify', bytes: 2 })
    const times = client.map(({ atMs }) => atMs)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  it('ends the connection with what it throws', async () => {
    const thrown = new Error('enough')
    const { client, server } = peers({ version, client: { libssl, onTrace: () => { throw thrown } }, server: { libssl } })
    expect(await rejection(client.opened)).toBe(thrown)
    expect(await rejection(client.closed)).toBe(thrown)
    await rejection(server.opened)
  })
})

describe.each(VERSIONS)('onKeylog, %s', (version) => {
  it('gives both sides the same lines', async () => {
    const [client, server]: [string[], string[]] = [[], []]
    await closeBoth(await opened({
      version,
      client: { libssl, onKeylog: (line) => client.push(line) },
      server: { libssl, onKeylog: (line) => server.push(line) },
    }))
    expect(client.length).toBeGreaterThan(0)
    expect(client.toSorted()).toEqual(server.toSorted())
    for (const line of client) expect(line).toMatch(/^[A-Z0-9_]+ [0-9a-f]{64} [0-9a-f]{64,}$/)
  })
})
