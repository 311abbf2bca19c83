// External pre-shared keys by `pskCallback`, which on each side has a form of its own.

import { asBytes } from '../../base/bytes.js'
import type { Ssl } from '../../core/ssl.js'
import { ApiMisuseError } from '../../base/errors.js'
import { demandType, invalidArgType } from '../invalid-arguments.js'
import { nodeError } from '../node-error.js'
import { isNodeBefore } from '../node-version.js'
import type { RunsCallbacks } from './alpn.js'

/** Node takes keys of any length. */
const LEAST_BYTES = 1

export interface ClientPsk { psk: NodeJS.ArrayBufferView; identity: string }
export type ClientPskCallback = (hint: string | null) => ClientPsk | null | undefined
export type ServerPskCallback = (socket: unknown, identity: string) => NodeJS.ArrayBufferView | Pick<ClientPsk, 'psk'> | null | undefined

export function offerPsk(ssl: Ssl, socket: RunsCallbacks, callback: ClientPskCallback): void {
  ssl.setPskClientCallback((hint) => socket._runCallback(() => {
    const answer = callback(hint ?? null)
    if (answer == null) return undefined
    demandType(answer, 'object', 'options.pskCallback')
    const { psk, identity } = answer
    demandKey(psk, 'psk')
    demandType(identity, 'string', 'identity')
    return { key: asBytes(psk), identity }
  }), LEAST_BYTES)
}

export function findPsk(ssl: Ssl, socket: RunsCallbacks, callback: ServerPskCallback, hint: string | undefined): void {
  ssl.setPskServerCallback((identity) => socket._runCallback(() => {
    const answer = callback.call(socket, socket, identity)
    if (answer == null) return undefined
    const psk = ArrayBuffer.isView(answer) ? answer : answer.psk
    demandKey(psk, 'psk')
    return { key: asBytes(psk) }
  }), LEAST_BYTES)
  if (!hint) return
  try {
    ssl.usePskIdentityHint(hint)
  } catch (error) {
    if (!(error instanceof ApiMisuseError)) throw error
    const code = `ERR_TLS_PSK_SET_${isNodeBefore(24) ? 'IDENTIY' : 'IDENTITY'}_HINT_FAILED` as const
    throw nodeError(code, 'Failed to set PSK identity hint')
  }
}

function demandKey(key: unknown, name: string): asserts key is NodeJS.ArrayBufferView {
  if (!ArrayBuffer.isView(key)) throw invalidArgType(name, 'an instance of Buffer, TypedArray, or DataView', key)
}
