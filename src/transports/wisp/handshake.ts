// The INFO packets of version 2, by which both sides introduce themselves.

import { concat, utf8 } from '../../base/bytes.js'
import { decode, type Extension, type Info } from './packets.js'

/** Offered as a subprotocol of the WebSocket. Servers look whether there is one, rather than which. */
export const WISP_SUBPROTOCOL = 'wisp-v2'

/** The version that we speak. */
export const MAJOR = 2
export const MINOR = 1

const PASSWORD = 0x02
const KEY = 0x03
const MOTD = 0x04
const OPEN_CONFIRMATION = 0x05
/** Ours. The specification keeps no numbers for private use: the payload says who is meant by it. */
const HALF_CLOSE = 0xf0
const halfCloseMark = utf8('libssl-wasm/half-close/1')

export interface Credentials {
  /** At most 255 bytes of UTF-8. */
  readonly username: string
  /** At most 65535 bytes of UTF-8. */
  readonly password: string
}

/** What a server's INFO says. */
export interface ServerInfo {
  readonly major: number
  readonly motd: string | undefined
  readonly password: 'required' | 'optional' | 'none'
  /** Key (certificate) authentication, which we do not speak. */
  readonly keyRequired: boolean
  readonly openConfirmation: boolean
  readonly halfClose: boolean
}

/** What a client's INFO says. */
export interface ClientInfo {
  readonly major: number
  readonly credentials: Credentials | undefined
  readonly halfClose: boolean
}

export function serverInfo({ motd, password }: { motd: string | undefined; password: boolean }): Info {
  return info([
    ...(password ? [{ id: PASSWORD, payload: Uint8Array.of(1) }] : []),
    ...(motd === undefined ? [] : [{ id: MOTD, payload: utf8(motd) }]),
    { id: OPEN_CONFIRMATION, payload: new Uint8Array() },
    { id: HALF_CLOSE, payload: halfCloseMark },
  ])
}

export function readServerInfo({ major, extensions }: Info): ServerInfo {
  const password = find(extensions, PASSWORD)
  const motd = find(extensions, MOTD)
  return {
    major,
    motd: motd && decode(motd),
    // Early drafts had no payload here: asking meant requiring.
    password: password === undefined ? 'none' : password[0] === 0 ? 'optional' : 'required',
    keyRequired: (find(extensions, KEY)?.[0] ?? 0) !== 0,
    openConfirmation: find(extensions, OPEN_CONFIRMATION) !== undefined,
    halfClose: isHalfClose(extensions),
  }
}

/** An extension is named only if the server named it. */
export function clientInfo(server: ServerInfo, credentials: Credentials | undefined): Info {
  return info([
    ...(credentials && server.password !== 'none' ? [{ id: PASSWORD, payload: credentialsPayload(credentials) }] : []),
    ...(server.motd === undefined ? [] : [{ id: MOTD, payload: new Uint8Array() }]),
    ...(server.openConfirmation ? [{ id: OPEN_CONFIRMATION, payload: new Uint8Array() }] : []),
    ...(server.halfClose ? [{ id: HALF_CLOSE, payload: halfCloseMark }] : []),
  ])
}

export function readClientInfo({ major, extensions }: Info): ClientInfo {
  const password = find(extensions, PASSWORD)
  return { major, credentials: password && readCredentials(password), halfClose: isHalfClose(extensions) }
}

function info(extensions: readonly Extension[]): Info {
  return { major: MAJOR, minor: MINOR, extensions }
}

function find(extensions: readonly Extension[], id: number): Uint8Array | undefined {
  return extensions.find((extension) => extension.id === id)?.payload
}

function isHalfClose(extensions: readonly Extension[]): boolean {
  const payload = find(extensions, HALF_CLOSE)
  return payload !== undefined && decode(payload) === decode(halfCloseMark)
}

function credentialsPayload({ username, password }: Credentials): Uint8Array {
  const [user, secret] = [utf8(username), utf8(password)]
  return concat([Uint8Array.of(user.byteLength, secret.byteLength & 0xff, secret.byteLength >> 8), user, secret])
}

/** `undefined` if the lengths do not add up, or it is not UTF-8. */
function readCredentials(payload: Uint8Array): Credentials | undefined {
  if (payload.byteLength < 3) return undefined
  const [userBytes, secretBytes] = [payload[0]!, payload[1]! | payload[2]! << 8]
  if (payload.byteLength !== 3 + userBytes + secretBytes) return undefined
  const username = decode(payload.subarray(3, 3 + userBytes))
  const password = decode(payload.subarray(3 + userBytes))
  return username === undefined || password === undefined ? undefined : { username, password }
}
