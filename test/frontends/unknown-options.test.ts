// Every function that takes options refuses one that it does not know, by name.

import { beforeAll, describe, expect, it } from 'vitest'
import {
  generateEchKey, load, memoryServerSessionCache, memorySessionStore, memoryTransportPair, openTunnel, PlaintextConversation, TicketKeys,
  type LibSsl, type Target,
} from '../../src/index.js'
import { opened } from '../helpers/stream-peers.js'

let libssl: LibSsl
beforeAll(async () => { libssl = await load() })

/** Never opens. */
class Silent extends EventTarget {
  readyState = 0
  send() {}
  close() {}
}

const wrong = { colour: 'red' } as object
const failure = async (call: () => unknown): Promise<unknown> => {
  try {
    await call()
  } catch (error) {
    return error
  }
  throw new Error('was taken')
}

const functions: Readonly<Record<string, () => unknown>> = {
  'load()': () => load(wrong),
  'generateEchKey()': () => generateEchKey({ libssl, publicName: 'a.example', ...wrong }),
  'memorySessionStore()': () => memorySessionStore(wrong),
  'memoryServerSessionCache()': () => memoryServerSessionCache(wrong),
  'TicketKeys': () => new TicketKeys(undefined, wrong),
  'readLine()': () => new PlaintextConversation(memoryTransportPair()[0]).readLine(wrong),
  'openTunnel': () => openTunnel('ws://relay.example', { host: 'a.example', port: 1 }, { WebSocket: Silent, ...wrong }),
}

describe('an option that there is not', () => {
  it.each(Object.entries(functions))('%s', async (name, call) => {
    const error = await failure(call)
    expect(error).toMatchObject({ name: 'ApiMisuseError', code: 'ERR_TLS_UNKNOWN_OPTION', option: 'colour' })
    expect((error as Error).message).toContain(`${name} has no option 'colour'`)
  })

  it('of an open connection', async () => {
    const { client, server } = await opened({ client: { libssl }, server: { libssl } })
    for (const [name, call] of Object.entries({
      'updateKeys()': () => client.updateKeys(wrong),
      'exportKeyingMaterial()': () => client.exportKeyingMaterial({ label: 'x', bytes: 8, ...wrong }),
    })) {
      const error = await failure(call)
      expect(error).toMatchObject({
        code: 'ERR_TLS_UNKNOWN_OPTION', option: 'colour', message: expect.stringContaining(`${name} has no option 'colour': there`),
      })
    }
    await Promise.all([client.close(), server.close()])
  })
})

describe('what the target of a tunnel does not have', () => {
  const open = (target: object) => openTunnel('ws://relay.example', target as Target, { WebSocket: Silent })

  it('may stand in it if it means nothing here', () => {
    expect(open({ host: 'a.example', port: 1, address: 'a.example:1', hostname: 'a.example', close() {}, colour: 'red' }))
      .toHaveProperty('readable')
  })

  it.each([
    ['WebSocket', "'WebSocket' is"], ['websocket', "'WebSocket' is"], ['signal', "'signal' is"], ['token', "'token' is"],
    ['form', "'form' is"], ['hostname', "did you mean 'host'?"], ['Port', "did you mean 'port'?"],
  ])('%s', async (option, words) => {
    const whole: Record<string, unknown> = { host: 'a.example', port: 1, [option]: 'x' }
    if (words.startsWith('did')) delete whole[words.split("'")[1]!]
    const error = await failure(() => open(whole))
    expect(error).toMatchObject({ code: 'ERR_TLS_UNKNOWN_OPTION', option })
    expect((error as Error).message).toContain(`the target of openTunnel() has no '${option}': `)
    expect((error as Error).message).toContain(words)
    if (words.endsWith(' is')) expect((error as Error).message).toContain('is an option: give it in the third argument')
  })
})
