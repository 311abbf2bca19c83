// Contexts in worker mode, in the worker: what was made of the options of a context serves all its connections.

import { load } from '../../core/load.js'
import { TlsContext } from '../tls-context.js'
import type { FreeContext, PostedContext } from './posted-context.js'
import { decodeOptions } from './worker-values.js'

type ReceivedContext = Promise<{ readonly context: TlsContext; readonly callbacks: readonly string[] }>

const received = new Map<number, ReceivedContext>()

/**
 * The context, and the names of its callbacks, which each connection asks on the page; a worker has one page. To be called as
 * messages come, so that no `free context` overtakes it.
 */
export function receivedContext(posted: PostedContext, wasm: Promise<WebAssembly.Module> | undefined): ReceivedContext {
  if (posted.options) received.set(posted.id, receive(posted, wasm))
  return received.get(posted.id)!
}

async function receive({ options = {}, callbacks = [] }: PostedContext, wasm: Promise<WebAssembly.Module> | undefined): ReceivedContext {
  const standIns = Object.fromEntries(callbacks.map((name) => [name, () => {}]))
  const instance = wasm && { libssl: await load({ wasm: await wasm }) }
  return { context: new TlsContext({ ...decodeOptions(options), ...standIns, ...instance }, () => {}), callbacks }
}

/** Connections that have begun go on. */
export async function freeContext({ id }: FreeContext): Promise<void> {
  const context = received.get(id)
  received.delete(id)
  await context?.then(({ context: made }) => made.free(), () => {})
}
