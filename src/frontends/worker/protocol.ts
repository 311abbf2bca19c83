// What a page and its worker say to each other.

import type { RefusalAlert } from '../../base/errors.js'
import type { WasmCode } from '../../loader/load-module.js'
import type { ConnectionInfo } from '../connection-info.js'
import type { NumberedError } from './errors.js'
import type { PostedContext } from './posted-context.js'

/** Page to worker, over the worker itself: begins a connection. */
export interface Begin {
  readonly type: 'connect' | 'accept'
  readonly context: PostedContext | undefined
  /** Those that stand beside `context`; the worker checks them. Functions are named in `callbacks`. */
  readonly options: Readonly<Record<string, unknown>>
  readonly callbacks: readonly string[]
  /** Where the worker is not to look for the code itself. */
  readonly wasm: WasmCode | undefined
  /** {@link FromPage} and {@link FromWorker}. */
  readonly control: MessagePort
  /** Ciphertext, by `transports/message-port.ts`. */
  readonly transport: MessagePort
}

/** The methods of {@link Life} that a page calls. */
export type Method = 'read' | 'write' | 'closeWriting' | 'stopReading' | 'close' | 'ask'

/** The callback by which `close` asks for what the page has not written yet. */
export const FLUSH = 'flush'

export type FromPage =
  | { readonly type: 'abort' }
  /** When `opened` was heard. The `reply` has the same number. */
  | { readonly type: 'ask'; readonly ask: number; readonly method: Method; readonly args: readonly unknown[] }
  | Answer

/** To the `call` of this number. Without `answer` it has failed, and the page has kept the error, whose alert may be `refusal`. */
export interface Answer {
  readonly type: 'answer'
  readonly call: number
  readonly answer: { readonly value: unknown } | undefined
  readonly refusal?: RefusalAlert | undefined
}

export type Reply = { readonly value: unknown } | { readonly error: NumberedError }

export type FromWorker =
  | { readonly type: 'opened'; readonly info: ConnectionInfo }
  | { readonly type: 'closed' }
  /** `ended`: after the peer's close_notify, behind which there is no plaintext. */
  | { readonly type: 'broken'; readonly error: NumberedError; readonly ended: boolean }
  | { readonly type: 'reply'; readonly ask: number; readonly reply: Reply }
  /** `call` numbers those that wait for an answer. */
  | { readonly type: 'call'; readonly callback: string; readonly args: readonly unknown[]; readonly call?: number }
