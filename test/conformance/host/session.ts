// What one runtime under test asks of the machine, by `suite/host.ts`: programs to talk to, files, tunnels.

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { connect as dial, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import * as tls from 'node:tls'
import type { WebSocket } from 'ws'
import { connect, fromNodeStream, fromWebSocket, type TlsSession, type ByteTransport, type WebSocketLike } from 'libssl-wasm'
import type { Relay } from 'libssl-wasm/relay'
import { CertificateAuthority, date, RSA, type KeyPair } from '../../../tools/certificates.js'
import { crl, ocsp, pinOf } from '../../../tools/revocation.js'
import type { CertificatesByType, Identities, IdentityName, Revocation } from '../suite/host.js'
import { noise } from '../suite/bytes.js'
import { certificatesByType } from './certificate-types.js'
import { EchServers } from './ech.js'
import { startClient, startServer, type OpensslPeer } from './peers.js'

/** What all sessions share: making certificates takes a while. */
export class Shared {
  readonly authority = new CertificateAuthority()
  readonly #strangers = new CertificateAuthority('a stranger')
  #certificates: CertificatesByType | undefined
  readonly relay: Relay
  readonly keyPairs: Readonly<Record<IdentityName, KeyPair>>
  readonly identities: Identities
  readonly revocation: Revocation
  readonly echServers = new EchServers(this.authority)

  constructor(relay: Relay) {
    this.relay = relay
    const client = { name: 'client', san: 'DNS:client.example' }
    this.keyPairs = {
      ec: this.authority.leaf(),
      rsa: this.authority.leaf({ newkey: RSA }),
      expired: this.authority.leaf({ notBefore: date(-20), notAfter: date(-10) }),
      stranger: this.#strangers.leaf(),
      client: this.authority.leaf(client),
      strangerClient: this.#strangers.leaf(client),
    }
    const texts = Object.fromEntries(Object.entries(this.keyPairs).map(([name, { cert, key }]) => [name, { cert, key }]))
    this.identities = {
      ...texts as Record<IdentityName, { cert: string; key: string }>, ca: this.authority.ca.cert, strangerCa: this.#strangers.ca.cert,
    }
    const staple = (status: 'good' | 'revoked') => Buffer.from(ocsp(this.authority, this.keyPairs.ec, { status })).toString('base64')
    this.revocation = {
      crl: crl(this.authority, { revoked: [this.keyPairs.client] }), good: staple('good'), revoked: staple('revoked'),
      pin: pinOf(this.keyPairs.ec),
    }
  }

  /** Made when they are asked for, once. */
  get certificates(): CertificatesByType {
    return this.#certificates ??= certificatesByType(this.authority)
  }

  get directories(): readonly string[] {
    return [this.authority.dir, this.#strangers.dir]
  }

  get strangerCaFile(): string {
    return this.#strangers.ca.certFile
  }
}

interface Details {
  readonly [name: string]: any // checked by use: both ends are in this folder
}

export class Session {
  readonly #shared: Shared
  readonly #peers = new Map<number, OpensslPeer>()
  #lastId = 0
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()
  /** Unlike the others it stays until the end. */
  #meeting: Promise<{ port: number; url: string }> | undefined
  #meetingServer: Server | undefined
  readonly #met = new Set<Socket>()
  /** By path: the TCP connection that a WebSocket will be joined with. */
  readonly #tunnels = new Map<string, Promise<Socket>>()

  #say!: (what: { text: string }) => void
  readonly #said = new Promise<{ text: string }>((resolve) => { this.#say = resolve })

  constructor(shared: Shared) {
    this.#shared = shared
  }

  async answer(what: string, details: Details): Promise<object> {
    const { directories: [dir], keyPairs, authority, identities, relay } = this.#shared
    const identity = keyPairs[details['identity'] as IdentityName]
    const args = ((details['args'] ?? []) as string[])
      .map((arg) => arg.replace('CA_FILE', authority.ca.certFile).replace('STRANGER_FILE', this.#shared.strangerCaFile))
    const peer = this.#peers.get(details['id'])!
    switch (what) {
      case 'identities': return identities
      case 'revocation': return this.#shared.revocation
      case 'certificates': return this.#shared.certificates
      case 'relay': return { url: relay.url }
      case 's_server': {
        const started = await startServer(identity, details['version'], args, dir!)
        relay.allow(`127.0.0.1:${started.port}`)
        return { id: this.#keep(started.peer), port: started.port }
      }
      case 's_server_ech': {
        const { peer: started, ...rest } = await this.#shared.echServers.start()
        relay.allow(`127.0.0.1:${rest.port}`)
        this.#keep(started)
        return rest
      }
      case 's_client': {
        const { port, version } = details
        return { id: this.#keep(startClient(port, version, args, authority.ca, identity, dir!)), port }
      }
      case 'printed': return { groups: await peer.printed(new RegExp(details['pattern'], details['flags'])) }
      case 'type': return (await peer.write(details['text'], details['end']), {})
      case 'feed': return (await peer.write(noise(details['bytes'], details['seed']), details['end']), {})
      case 'wrote': return peer.wrote(details['bytes'], details['marker'])
      case 'end': return { status: await peer.exited() }
      case 'kill': return (await peer.kill(), {})
      case 'file': return { path: this.#file(details['bytes'], details['seed']) }
      case 'echo': return { port: await this.#echo() }
      case 'session': return { bytes: [...await this.#session(details['port'])] }
      case 'meeting': return (this.#meeting ??= this.#startMeeting())
      case 'resetMeeting': return (this.#resetMeeting(), {})
      case 'tunnel': return this.#tunnel()
      case 'say': return (this.#say({ text: String(details['text']) }), {})
      case 'said': return this.#said
      case 'stopAll': return (await this.stopAll(), {})
    }
    throw new Error(`there is no '${what}'`)
  }

  /** The other end of a tunnel has come, by WebSocket, if it is one of ours. */
  async join(path: string, webSocket: WebSocket): Promise<void> {
    const socket = this.#tunnels.get(path)
    if (!socket) return
    const far = fromWebSocket(webSocket as WebSocketLike)
    const near: ByteTransport = fromNodeStream(await socket)
    // A failure of one side becomes one of the other; there is nobody else to tell.
    await Promise.allSettled([far.readable.pipeTo(near.writable), near.readable.pipeTo(far.writable)])
  }

  async stopAll(): Promise<void> {
    for (const server of this.#servers.splice(0)) {
      if (server === this.#meetingServer) this.#servers.push(server)
      else server.close()
    }
    for (const socket of this.#sockets) socket.destroy()
    this.#tunnels.clear()
    const peers = [...this.#peers.values()]
    this.#peers.clear()
    await Promise.all(peers.map((peer) => peer.kill()))
  }

  async end(): Promise<void> {
    this.#meetingServer?.close()
    await this.stopAll()
  }

  #keep(peer: OpensslPeer): number {
    this.#peers.set(++this.#lastId, peer)
    return this.#lastId
  }

  #file(bytes: number, seed: number): string {
    const name = `noise-${bytes}-${seed}`
    const file = join(this.#shared.authority.dir, name)
    if (!existsSync(file)) writeFileSync(file, noise(bytes, seed))
    return `/${name}`
  }

  async #echo(): Promise<number> {
    const { cert, key } = this.#shared.keyPairs.ec
    const server = tls.createServer({ cert, key }, (socket) => {
      socket.on('error', () => {})
      socket.pipe(socket)
    })
    const port = await this.#listen(server)
    this.#shared.relay.allow(`127.0.0.1:${port}`)
    return port
  }

  async #session(port: number): Promise<Uint8Array> {
    let give!: (session: TlsSession) => void
    const made = new Promise<TlsSession>((resolve) => { give = resolve })
    const connection = connect(dial(port, '127.0.0.1'), { servername: 'localhost', ca: this.#shared.identities.ca, onSession: give })
    connection.readable.getReader().read().catch(() => {}) // tickets come while reading
    const session = await made
    await connection.close()
    return session.toBytes()
  }

  async #startMeeting(): Promise<{ port: number; url: string }> {
    let alone: Socket | undefined
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#met.add(socket)
      socket.once('close', () => this.#met.delete(socket))
      if (!alone) {
        alone = socket.pause()
        return
      }
      const [one, other] = [alone, socket]
      alone = undefined
      one.pipe(other).pipe(one)
      // Whoever is cut off cuts off the other, too.
      for (const [near, far] of [[one, other], [other, one]] as const) near.on('error', () => far.resetAndDestroy())
    })
    this.#meetingServer = server
    const port = await this.#listen(server)
    this.#shared.relay.allow(`127.0.0.1:${port}`)
    return { port, url: `${this.#shared.relay.url}/127.0.0.1:${port}` }
  }

  #resetMeeting(): void {
    for (const socket of this.#met) socket.resetAndDestroy()
  }

  async #tunnel(): Promise<{ port: number; path: string }> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
    const first = once(server, 'connection').then(([socket]) => socket as Socket)
    const path = `/tunnel/${randomUUID()}`
    this.#tunnels.set(path, first)
    return { port: await this.#listen(server), path }
  }

  /** On the loopback address alone; ends with the test. */
  async #listen(server: Server): Promise<number> {
    this.#servers.push(server)
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.#sockets.delete(socket))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
}
