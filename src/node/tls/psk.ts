// External pre-shared keys by `pskCallback`, which on each side has a form of its own.

import { asBytes } from '../../base/bytes.js'
import type { Ssl } from '../../core/ssl.js'
import { ApiMisuseError } from '../../base/errors.js'
import { demandType, invalidArgType } from '../invalid-arguments.js'
import { nodeError } from '../node-error.js'

/** Node takes keys of any length. */
const LEAST_BYTES = 1

export interface ClientPsk { psk: NodeJS.ArrayBufferView; identity: string }
export type ClientPskCallback = (hint: string | null) => ClientPsk | null | undefined
export type ServerPskCallback = (socket: unknown, identity: string) => NodeJS.ArrayBufferView | null | undefined

export function offerPsk(ssl: Ssl, callback: ClientPskCallback): void {
  ssl.setPskClientCallback((hint) => {
    const answer = callback(hint ?? null)
    if (answer == null) return undefined
    demandType(answer, 'object', 'options.pskCallback')
    const { psk, identity } = answer
    demandKey(psk, 'psk')
    demandType(identity, 'string', 'identity')
    return { key: asBytes(psk), identity }
  }, LEAST_BYTES)
}

export function findPsk(ssl: Ssl, socket: unknown, callback: ServerPskCallback, hint: string | undefined): void {
  ssl.setPskServerCallback((identity) => {
    const psk = callback.call(socket, socket, identity)
    if (psk == null) return undefined
    demandKey(psk, 'options.pskCallback')
    return { key: asBytes(psk) }
  }, LEAST_BYTES)
  if (!hint) return
  try {
    ssl.usePskIdentityHint(hint)
  } catch (error) {
    if (!(error instanceof ApiMisuseError)) throw error
    throw nodeError('ERR_TLS_PSK_SET_IDENTIY_HINT_FAILED', 'Failed to set PSK identity hint')
  }
}

function demandKey(key: unknown, name: string): void {
  if (!ArrayBuffer.isView(key)) throw invalidArgType(name, 'an instance of Buffer, TypedArray, or DataView', key)
}
