// onTrace and onKeylog of connect() and accept().

import { beforeAll, describe, expect, it } from 'vitest'
import { load, type LibSsl, type StateTraceEvent, type TraceEvent, type WireTraceEvent } from '../../src/index.js'
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
    const told = (events: readonly TraceEvent[], wanted: WireTraceEvent['direction']) => events
      .flatMap((event) => (event.kind === 'handshake' || event.kind === 'alert' ? [event] : []))
      .filter(({ direction }) => direction === wanted).map(({ name, bytes }) => ({ name, bytes }))
    expect(told(client, 'sent')).toEqual(told(server, 'received'))
    expect(told(client, 'received')).toEqual(told(server, 'sent'))
    expect(told(client, 'sent')[0]).toMatchObject({ name: 'ClientHello' })
    expect(told(client, 'sent').at(-1)).toMatchObject({ name: 'warning close_notify', bytes: 2 })
    const times = client.map(({ atMs }) => atMs)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  it('tells of each state, from the start of the handshake to its end', async () => {
    const events: TraceEvent[] = []
    await closeBoth(await opened({ version, client: { libssl, onTrace: (event) => events.push(event) }, server: { libssl } }))
    const states = events.filter((event): event is StateTraceEvent => event.kind === 'state')
    expect(states[0]).toMatchObject({ step: 'handshake started', name: 'before SSL initialization' })
    const passed = states.filter(({ step }) => step === 'passed').map(({ name }) => name)
    const wanted = [
      'SSLv3/TLS write client hello', 'SSLv3/TLS read server hello', 'SSLv3/TLS read server certificate', 'SSLv3/TLS write finished',
      'SSLv3/TLS read finished',
    ]
    if (version === 'TLSv1.3') wanted.splice(3, 2, 'SSLv3/TLS read finished', 'SSLv3/TLS write finished')
    expect(wanted.map((name) => passed.indexOf(name))).toEqual(wanted.map((name) => passed.indexOf(name)).toSorted((a, b) => a - b))
    expect(passed).toEqual(expect.arrayContaining(wanted))
    const done = states.find(({ step }) => step === 'handshake done')
    expect(done).toMatchObject({ name: 'SSL negotiation finished successfully' })
    const at = (test: (event: TraceEvent) => boolean) => events.findIndex(test)
    expect(at(({ name }) => name === 'ClientHello')).toBeGreaterThan(at(({ kind }) => kind === 'state'))
    expect(at((event) => event === done)).toBeGreaterThan(at(({ name }) => name === 'Finished'))
  })

  it.each(['state', 'record', 'handshake'])('ends the connection with what it throws at a %s', async (kind) => {
    const thrown = new Error('enough')
    const { client, server } = peers({
      version, client: { libssl, onTrace: (event) => { if (event.kind === kind) throw thrown } }, server: { libssl },
    })
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
