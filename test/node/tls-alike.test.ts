// What a program learns of its connections, by both modules: the same steps give the same answers. Ends are in tls-ends.test.ts.

import * as net from 'node:net'
import * as nodeTls from 'node:tls'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import ours from '../../src/node/tls/index.js'
import { authority, temporaryAuthority } from '../helpers/certificates.js'
import { kept, listening } from '../helpers/kept.js'
import { cert, key, trust } from '../helpers/node-face.js'

type Tls = typeof nodeTls
type Steps = (tls: Tls) => Promise<unknown>

const intermediate = temporaryAuthority('intermediate', authority)
const below = intermediate.leaf()
const served = (options: object = {}, tls: Tls = nodeTls) =>
  listening(tls.createServer({ cert, key, ...options }, (socket) => socket.on('error', () => {}).resume().write('hello')))
const connect = (tls: Tls, options: object) => kept(tls.connect({ ...trust, ...options } as nodeTls.ConnectionOptions))

const alike: Readonly<Record<string, Steps>> = {
  'that it is connecting securely until it is trusted': async (tls) => {
    const socket = connect(tls, { port: await served(), ca: undefined })
    await once(socket, 'error')
    return [(socket as { secureConnecting?: boolean }).secureConnecting, socket.authorized, socket.authorizationError]
  },
  'that it is not pending when the socket beneath has failed': async (tls) => {
    const beneath = kept(net.connect(await served(), '127.0.0.1'))
    beneath.on('error', () => {})
    const socket = connect(tls, { socket: beneath })
    await once(socket, 'secureConnect')
    const pending = new Promise((resolve) => { socket.once('error', () => resolve(socket.pending)) })
    setImmediate(() => beneath.destroy(new Error('beneath')))
    return pending
  },
  'which anchors count of a list that is cut, or broken in the middle': async (tls) => {
    const port = await served()
    const root = authority.ca.cert
    const found = async (ca: string) => {
      const socket = connect(tls, { port, ca, rejectUnauthorized: false })
      await once(socket, 'secureConnect')
      return socket.authorized
    }
    return [await found(root + cert.slice(0, 200)), await found(`${cert.replace('MII', 'MXX')}${root}`)]
  },
  'its issuer to OCSPRequest, which was given with its certificate': async (tls) => {
    const server = tls.createServer({ cert: below.cert + intermediate.ca.cert, key: below.key })
    const asked = once(server, 'OCSPRequest') as Promise<[Buffer, Buffer | null]>
    connect(nodeTls, { port: await listening(server), requestOCSP: true }).on('error', () => {})
    return [...await asked].slice(0, 2)
  },
  'a connection under TLS 1.3 though newSession is not called back': async (tls) => {
    const server = tls.createServer({ cert, key, minVersion: 'TLSv1.3' })
    const told: string[] = []
    server.on('newSession', () => told.push('newSession')).on('secureConnection', () => told.push('secureConnection'))
    const twice = new Promise<void>((resolve) => { server.on('newSession', () => { if (told.length === 3) resolve() }) })
    const socket = connect(nodeTls, { port: await listening(server) })
    await Promise.all([once(socket, 'secureConnect'), twice])
    return told
  },
}

const nothing = { pskCallback: null, secureContext: null, socket: null, handshakeTimeout: null, pskIdentityHint: null }
const none: readonly [string, object][] = [...Object.entries(nothing), ['socket', false], ['secureContext', false], ['pskCallback', false]]
    .map(([name, value]) => [`${name as string}: ${String(value)}`, { [name as string]: value }])

describe('node:tls and ours tell alike', () => {
  it.each(Object.entries(alike))('%s', async (_, steps) => {
    expect(await steps(ours)).toEqual(await steps(nodeTls))
  })
})

it('names of ours on a socket have an underscore: what a program keeps there under another name harms nothing', async () => {
  const names = async (tls: Tls) => {
    const socket = connect(tls, { port: await served() })
    await once(socket, 'secureConnect')
    const found = new Set<string>()
    for (let one: object = socket; one !== Object.prototype; one = Object.getPrototypeOf(one) as object) {
      for (const name of Object.getOwnPropertyNames(one)) found.add(name)
    }
    return found
  }
  const newer = ['autoSelectFamilyAttemptedAddresses', 'getTypeOfService', 'setTypeOfService'] // of net.Socket in Node 24
  const theirs = new Set([...await names(nodeTls), ...newer])
  expect([...await names(ours)].filter((name) => !name.startsWith('_') && !theirs.has(name))).toEqual([])
})

it('there is no session in the middle of a handshake, where node:tls dies of the question', async () => {
  const socket = connect(ours, { port: await listening(net.createServer(() => {})) })
  await once(socket, 'connect')
  expect([socket.getSession(), socket.getTLSTicket()]).toEqual([undefined, undefined])
})

describe('an option counts as not given, as with node:tls:', () => {
  it.each(none)('%s', async (_, option) => {
    const secured = async (tls: Tls) => {
      const socket = connect(tls, { port: await served(option, tls), ...option })
      await once(socket, 'secureConnect')
      return socket.authorized
    }
    expect([await secured(nodeTls), await secured(ours)]).toEqual([true, true])
  })

  it.each([
    { ticketKeys: null }, { sessionTimeout: false }, { sessionIdContext: null }, { sessionIdContext: false },
  ])('%o of a server', (options) => {
    for (const tls of [nodeTls, ours]) expect(() => tls.createServer(options as never)).not.toThrow()
  })

  it('handshakeTimeout: 0 of a server', () => {
    const limit = (tls: Tls) => {
      const server = tls.createServer({ handshakeTimeout: 0 }) as nodeTls.Server & { _options?: { handshakeTimeout: number } }
      return server._options?.handshakeTimeout ?? 120_000 // Node's is behind a symbol
    }
    expect(limit(ours)).toBe(limit(nodeTls))
  })

  it('options of a TLSSocket that are null', () => {
    for (const tls of [nodeTls, ours]) expect(kept(new tls.TLSSocket(new net.Socket(), null as never)).destroyed).toBe(false)
  })
})
