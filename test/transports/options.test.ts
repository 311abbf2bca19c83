// Options that are misspelt or wrong are refused by name, in every transport that takes some.

import { describe, expect, it } from 'vitest'
import {
  fromDataChannel, fromMessagePort, fromWebSocket, memoryTransportPair, openTunnel, PlaintextConversation,
} from '../../src/index.js'
import { connectWisp, serveWisp } from '../../src/wisp.js'
import { startRelay } from '../../src/apps/relay/relay.js'
import { checkRelayRules } from '../../src/apps/relay/relay-options.js'
import { PageWebSocket } from '../helpers/wisp-peers.js'
import { PageDataChannel } from '../helpers/page-data-channel.js'

const target = { host: 'a.example', port: 443 }
const dial = async () => memoryTransportPair()[0]

/** Each transport that takes options, and one of them misspelt. */
const takers: Readonly<Record<string, [take: (options: object) => unknown, misspelt: string, meant: string]>> = {
  fromWebSocket: [(options) => fromWebSocket(new PageWebSocket(), options), 'maxBuffered', 'maxBufferedBytes'],
  fromDataChannel: [(options) => fromDataChannel(new PageDataChannel(), options), 'highwaterMarkBytes', 'highWaterMarkBytes'],
  fromMessagePort: [(options) => fromMessagePort(new MessageChannel().port1, options), 'highWaterMark', 'highWaterMarkBytes'],
  openTunnel: [(options) => openTunnel('ws://a.example', target, { WebSocket: PageWebSocket, ...options }), 'flowcontrol', 'flowControl'],
  PlaintextConversation: [(options) => new PlaintextConversation(memoryTransportPair()[0], options), 'signals', 'signal'],
  connectWisp: [(options) => connectWisp('ws://127.0.0.1:9/', options), 'credential', 'credentials'],
  serveWisp: [(options) => serveWisp(new PageWebSocket(), { dial, ...options }), 'maxStream', 'maxStreams'],
  startRelay: [(options) => startRelay(options), 'maxConnection', 'maxConnections'],
  'the rules of a relay': [(options) => checkRelayRules(options), 'tokens', 'token'],
}

const wrong: readonly [taker: string, option: string, value: unknown][] = [
  ['fromWebSocket', 'highWaterMarkBytes', NaN],
  ['fromWebSocket', 'maxBufferedBytes', 0],
  ['fromWebSocket', 'maxMessageBytes', '1'],
  ['fromWebSocket', 'role', 'host'],
  ['fromDataChannel', 'highWaterMarkBytes', NaN],
  ['fromDataChannel', 'maxBufferedBytes', -1],
  ['fromDataChannel', 'maxMessageBytes', 1.5],
  ['fromMessagePort', 'highWaterMarkBytes', 0],
  ['openTunnel', 'form', 'paths'],
  ['openTunnel', 'WebSocket', 'WebSocket'],
  ['PlaintextConversation', 'signal', {}],
  ['connectWisp', 'credentials', 'me'],
  ['connectWisp', 'signal', 1],
  ['serveWisp', 'dial', undefined],
  ['serveWisp', 'motd', 1],
  ['serveWisp', 'handshakeTimeoutMs', 2 ** 31],
  ['startRelay', 'allow', [undefined]],
]

const refusal = async (taker: string, options: object) => {
  try {
    await takers[taker]![0](options)
  } catch (error) {
    return error
  }
  throw new Error(`${taker} has taken it`)
}

describe.each(Object.entries(takers))('%s', (taker, [, misspelt, meant]) => {
  it('refuses an unknown option by name, and says which one it may have been', async () => {
    const error = await refusal(taker, { [misspelt]: 1 })
    expect(error).toMatchObject({ name: 'ApiMisuseError', code: 'ERR_TLS_UNKNOWN_OPTION', option: misspelt })
    expect(String(error)).toContain(`'${meant}'`)
  })

  it.each(wrong.filter(([name]) => name === taker))('%s refuses a wrong %s by name: %s', async (_, option, value) => {
    expect(await refusal(taker, { [option]: value })).toMatchObject({ name: 'ApiMisuseError', code: 'ERR_TLS_INVALID_OPTION', option })
  })
})

// The others would begin to connect, or to listen.
it.each(
  Object.entries(takers).filter(([name]) => !['connectWisp', 'startRelay'].includes(name)),
)('%s takes undefined for an option that is not given', (_, [take, , meant]) => {
  take({ [meant]: undefined })
})
