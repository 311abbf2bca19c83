// The worker's side: makes the connections that the page asks for.

import { RefusalError } from '../../base/errors.js'
import { own } from '../../base/options.js'
import type { WasmCode } from '../../loader/load-module.js'
import { load } from '../../core/load.js'
import { fromMessagePort } from '../../transports/message-port.js'
import { beginClient, beginServer } from '../context.js'
import type { Life } from '../life.js'
import type { AcceptOptions, ConnectOptions } from '../options.js'
import { withContext } from './contexts.js'
import { decodeError, errorEncoder, FailedCall } from './errors.js'
import { FLUSH, type Answer, type Begin, type FromPage, type FromWorker, type Reply } from './protocol.js'
import { decodeOptions, encodeValue } from './values.js'

/** Answers one {@link Begin}. The page closes the port when it has heard all. */
export async function serve(begin: Begin): Promise<void> {
  const { control } = begin
  const post = (message: FromWorker, transfer: Transferable[] = []) => control.postMessage(message, transfer)
  const encode = errorEncoder()
  let life: Life | undefined
  let aborted: { readonly reason: unknown } | undefined
  /** By number: calls of the page that wait for its answer. */
  const calls: ((answer: Answer) => void)[] = []
  const call = (callback: string, args: readonly unknown[]) => new Promise<any>((resolve, reject) => {
    const number = calls.push(({ answer, refusal }) => {
      if (answer) resolve(answer.value)
      else if (refusal) reject(new RefusalError(refusal, undefined, { cause: new FailedCall(number) }))
      else reject(new FailedCall(number))
    }) - 1
    post({ type: 'call', callback, args, call: number })
  })
  const reply = async ({ ask, method, args }: Extract<FromPage, { type: 'ask' }>) => {
    const given = method === 'close' ? [...args, () => call(FLUSH, [])] : args
    try {
      const value = await (life![method] as (...args: readonly unknown[]) => Promise<unknown>)(...given)
      post({ type: 'reply', ask, reply: { value } }, value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [])
    } catch (error) {
      post({ type: 'reply', ask, reply: { error: encode(error) } satisfies Reply })
    }
  }
  control.addEventListener('message', ({ data }: MessageEvent<FromPage>) => {
    if (data.type === 'answer') return calls[data.call]!(data)
    if (data.type === 'ask') return void reply(data)
    aborted = { reason: decodeError(data.reason) }
    life?.abort(aborted.reason)
  })
  control.start()
  const transport = fromMessagePort(begin.transport)

  try {
    const wasm = begin.wasm && compiled(begin.wasm)
    const shared = begin.context ? withContext(begin.context, wasm) : wasm && { libssl: await load({ wasm: await wasm }) }
    const options = own<Record<string, unknown>>(await shared, decodeOptions(begin.options))
    for (const { name, answers } of begin.callbacks) {
      options[name] = (...given: unknown[]) => {
        const args = given.map(encodeValue)
        return answers ? call(name, args) : post({ type: 'call', callback: name, args })
      }
    }
    life = begin.type === 'connect'
      ? beginClient(transport, options as ConnectOptions) : beginServer(transport, options as unknown as AcceptOptions)
  } catch (error) {
    post({ type: 'broken', error: encode(error) })
    transport.readable.cancel(error).catch(() => {})
    transport.writable.abort(error).catch(() => {})
    return
  }
  if (aborted) life.abort(aborted.reason)
  life.opened.then((info) => post({ type: 'opened', info }), () => {}) // `closed` tells
  life.closed.then(() => post({ type: 'closed' }), (error: unknown) => post({ type: 'broken', error: encode(error) }))
}

let module: Promise<WebAssembly.Module> | undefined

/** A worker has one page, which gives it one code. */
function compiled(wasm: WasmCode): Promise<WebAssembly.Module> {
  module ??= wasm instanceof WebAssembly.Module ? Promise.resolve(wasm) : WebAssembly.compile(wasm as BufferSource)
  return module
}
