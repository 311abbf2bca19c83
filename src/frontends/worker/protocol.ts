// What a page and its worker say to each other.

import type { RefusalAlert } from '../../base/errors.js'
import type { WasmCode } from '../../loader/load-module.js'
import type { OpenConnection } from '../open-connection.js'
import type { ConnectionInfo } from '../connection-info.js'
import type { NumberedError, PostedError } from './errors.js'

/** Page to worker, over the worker itself: begins a connection. */
export interface Begin {
  readonly type: 'connect' | 'accept'
  readonly context: PostedContext | undefined
  /** Those that `context` does not have. Checked on the page; those that are functions are named in `callbacks`, with whether their answer is waited for. */
  readonly options: Readonly<Record<string, unknown>>
  readonly callbacks: readonly { readonly name: string; readonly answers: boolean }[]
  /** How much plaintext waits on either side of its port. */
  readonly highWaterMarkBytes: number
  /** Where the worker is not to look for the code itself. */
  readonly wasm: WasmCode | undefined
  /** {@link FromPage} and {@link FromWorker}. */
  readonly control: MessagePort
  /** Ciphertext and plaintext, each by `transports/message-port.ts`. */
  readonly transport: MessagePort
  readonly plaintext: MessagePort
}

/** Page to worker, over the worker itself: a context is not needed any more. */
export interface FreeContext {
  readonly type: 'free context'
  readonly id: number
}

/** With its options, less its callbacks, when the worker hears of it first. */
export interface PostedContext {
  readonly id: number
  readonly options?: Readonly<Record<string, unknown>>
}

export type FromPage =
  | { readonly type: 'close'; readonly waitForPeerMs: number }
  | { readonly type: 'abort'; readonly reason: PostedError }
  /** A method of the connection; the `reply` has the same number. */
  | { readonly type: 'ask'; readonly ask: number; readonly method: keyof OpenConnection; readonly args: readonly unknown[] }
  /** To the `call` of this number. Without `value` it has failed, and the page has kept the error, whose alert may be `refusal`. */
  | { readonly type: 'answer'; readonly call: number; readonly answer: { readonly value: unknown } | undefined; readonly refusal?: RefusalAlert | undefined }

export type Reply = { readonly value: unknown } | { readonly error: NumberedError }

export type FromWorker =
  | { readonly type: 'opened'; readonly info: ConnectionInfo }
  | { readonly type: 'closed' }
  | { readonly type: 'broken'; readonly error: NumberedError }
  /** All plaintext has been posted; `failed` if something should have followed: `broken` says why. */
  | { readonly type: 'readable ended'; readonly failed: boolean }
  /** close_notify has gone, or a write has failed. */
  | { readonly type: 'writable ended'; readonly error?: NumberedError }
  /** To the `ask` of this number. */
  | { readonly type: 'reply'; readonly ask: number; readonly reply: Reply }
  /** `call` numbers those that wait for an answer. */
  | { readonly type: 'call'; readonly callback: string; readonly args: readonly unknown[]; readonly call?: number }
