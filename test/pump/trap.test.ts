// A trap in one connection's call ends all connections of the instance, whatever they wait for, and no others.

import { describe, expect, it } from 'vitest'
import { load, memoryTransportPair, type TlsConnection } from '../../src/index.js'
import { closeBoth, noise, opened, peers, rejection, turns, unhandledDuring, VERSIONS, writeAll } from '../helpers/stream-peers.js'
import { trappingInstance, traps } from '../helpers/traps.js'

type Accident = (both: { client: TlsConnection; server: TlsConnection }) => Promise<unknown>

const accidents: readonly [string, Parameters<typeof trappingInstance>[0], Accident][] = [
  ['an I/O call (SSL_write)', 'lsw_SSL_write', ({ client }) => rejection(client.writable.getWriter().write(Uint8Array.of(1)))],
  ['a call that is none (SSL_export_keying_material)', 'SSL_export_keying_material',
    ({ client }) => rejection(client.exportKeyingMaterial({ label: 'EXPORTER-test', bytes: 32 }))],
]

describe.each(VERSIONS)('%s: a trap', (version) => {
  it.each(accidents)('in %s breaks every connection of the instance at once', async (_, call, accident) => {
    const { lib, arm } = await trappingInstance(call, traps.unreachable)
    const other = await load()
    const mine = { client: { libssl: lib }, server: { libssl: other }, version }
    const [unlucky, reading, idle] = [await opened(mine), await opened(mine), await opened(mine)]
    const unaffected = await opened({ client: { libssl: other }, server: { libssl: other }, version })
    const pending = reading.client.readable.getReader().read()
    // One whose peer never answers, and one that has more to write than its transport takes.
    const [near] = memoryTransportPair()
    const silent = peers({ client: { libssl: lib }, server: { libssl: other }, transports: [near, memoryTransportPair()[0]], version })
    const stalled = await opened(mine)
    const writing = rejection(writeAll(stalled.client.writable, noise(4 << 20)))
    await turns()

    const unhandled = await unhandledDuring(async () => {
      arm()
      const error = await accident(unlucky)
      expect(error)
        .toMatchObject({ name: 'InternalError', code: 'ERR_TLS_WASM_ABORT', cause: expect.any(WebAssembly.RuntimeError) as unknown })
      expect(await rejection(pending)).toBe(error)
      expect(await rejection(silent.client.opened)).toBe(error)
      expect(await writing).toBe(error)
      for (const { client } of [unlucky, reading, idle, stalled, silent]) {
        expect(await rejection(client.closed)).toBe(error)
        expect(await rejection(client.close())).toBe(error)
      }
      // A connection that is asked for afterwards never begins.
      const late = peers(mine)
      expect(await rejection(late.client.opened)).toBe(error)
      for (const { server } of [unlucky, reading, idle, stalled, silent, late]) {
        server.abort()
        await rejection(server.closed)
      }
    })
    expect(unhandled).toEqual([])

    const { client, server } = unaffected
    await writeAll(client.writable, Uint8Array.of(1, 2, 3))
    const reader = server.readable.getReader()
    expect((await reader.read()).value).toEqual(Uint8Array.of(1, 2, 3))
    reader.releaseLock()
    await closeBoth(unaffected)
  })

  it('in what frees a closed connection breaks the others, and close() has done its work', async () => {
    const { lib, arm } = await trappingInstance('SSL_free', traps.unreachable)
    const other = await load()
    const closing = await opened({ client: { libssl: lib }, server: { libssl: other }, version })
    const reading = await opened({ client: { libssl: lib }, server: { libssl: other }, version })
    const pending = reading.client.readable.getReader().read()
    arm()
    await closeBoth(closing)
    const error = await rejection(pending)
    expect(error).toMatchObject({ code: 'ERR_TLS_WASM_ABORT', cause: expect.any(WebAssembly.RuntimeError) as unknown })
    expect(await rejection(reading.client.closed)).toBe(error)
    reading.server.abort()
  })

  it('leaves that memory as it was: nothing is freed, written or asked', async () => {
    const { lib, memory, arm } = await trappingInstance('lsw_SSL_read', traps.unreachable)
    const other = await load()
    const both = await opened({ client: { libssl: lib }, server: { libssl: other }, version })
    const more = await opened({ client: { libssl: lib }, server: { libssl: other }, version })
    arm()
    const before = new Uint8Array(memory.buffer).slice()
    await rejection(both.client.readable.getReader().read())
    await rejection(both.client.closed)
    await rejection(more.client.closed)
    expect(Buffer.compare(before, new Uint8Array(memory.buffer))).toBe(0)
    for (const { server } of [both, more]) server.abort()
  })
})
