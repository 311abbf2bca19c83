// The INFO packets of version 2, by which both sides introduce themselves.

import { concat, utf8, utf8Text } from '../../base/bytes.js'
import { integer, unsigned, type Info } from './packets.js'

/** Offered as a subprotocol of the WebSocket. Servers look whether there is one, rather than which. */
export const WISP_SUBPROTOCOL = 'wisp-v2'

const PASSWORD = 0x02
const KEY = 0x03
const MOTD = 0x04
const OPEN_CONFIRMATION = 0x05
/** Ours. The specification keeps no numbers for private use: the payload says whose it is. */
const HALF_CLOSE = 0xf0
const halfCloseMark = utf8('libssl-wasm/half-close/1')
const empty = new Uint8Array()

/** User name and password of a Wisp client. */
export interface Credentials {
  /** At most 255 bytes of UTF-8. */
  readonly username: string
  /** At most 65535 bytes of UTF-8. */
  readonly password: string
}

export function serverInfo({ motd, password }: { motd: string | undefined; password: boolean }): Info {
  return introduction({
    [PASSWORD]: password && Uint8Array.of(1),
    [MOTD]: motd !== undefined && utf8(motd),
    [OPEN_CONFIRMATION]: empty,
    [HALF_CLOSE]: halfCloseMark,
  })
}

/** What a server's INFO says. */
export type ServerInfo = ReturnType<typeof readServerInfo>

export function readServerInfo(info: Info) {
  const password = payloadOf(info, PASSWORD)
  const motd = payloadOf(info, MOTD)
  return {
    major: info.major,
    motd: motd && utf8Text(motd),
    // Early drafts had no payload here: asking meant requiring.
    password: password === undefined ? 'none' : password[0] === 0 ? 'optional' : 'required',
    /** Key (certificate) authentication, which we do not speak. */
    keyRequired: (payloadOf(info, KEY)?.[0] ?? 0) !== 0,
    openConfirmation: payloadOf(info, OPEN_CONFIRMATION) !== undefined,
    halfClose: hasHalfClose(info),
  } as const
}

/** An extension is named only if the server named it. */
export function clientInfo(server: ServerInfo, credentials: Credentials | undefined): Info {
  return introduction({
    [PASSWORD]: server.password !== 'none' && credentials && credentialsPayload(credentials),
    [MOTD]: server.motd !== undefined && empty,
    [OPEN_CONFIRMATION]: server.openConfirmation && empty,
    [HALF_CLOSE]: server.halfClose && halfCloseMark,
  })
}

/** What a client's INFO says. */
export function readClientInfo(info: Info) {
  const password = payloadOf(info, PASSWORD)
  return { major: info.major, credentials: password && readCredentials(password), halfClose: hasHalfClose(info) }
}

/** In the version that we speak. Names the extensions that have a payload. */
function introduction(payloads: Readonly<Record<number, Uint8Array | false | undefined>>): Info {
  const extensions = Object.entries(payloads).flatMap(([id, payload]) => (payload ? [{ id: Number(id), payload }] : []))
  return { major: 2, minor: 1, extensions }
}

const payloadOf = ({ extensions }: Info, id: number) => extensions.find((extension) => extension.id === id)?.payload
const hasHalfClose = (info: Info) => utf8Text(payloadOf(info, HALF_CLOSE) ?? empty) === utf8Text(halfCloseMark)

function credentialsPayload({ username, password }: Credentials): Uint8Array {
  const [user, secret] = [utf8(username), utf8(password)]
  return concat([Uint8Array.of(user.byteLength), integer(2, secret.byteLength), user, secret])
}

/** `undefined` if the lengths do not add up, or it is not UTF-8. */
function readCredentials(payload: Uint8Array): Credentials | undefined {
  const secretAt = 3 + (payload[0] ?? 0)
  if (payload.byteLength < 3 || payload.byteLength !== secretAt + unsigned(payload.subarray(1, 3))) return undefined
  const username = utf8Text(payload.subarray(3, secretAt))
  const password = utf8Text(payload.subarray(secretAt))
  return username === undefined || password === undefined ? undefined : { username, password }
}
