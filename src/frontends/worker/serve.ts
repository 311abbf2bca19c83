// The worker's side: makes the connections that the page asks for.

import { RefusalError } from '../../base/errors.js'
import { invalid, own } from '../../base/options.js'
import type { WasmCode } from '../../loader/load-module.js'
import { whyNotCompiled } from '../../loader/no-code.js'
import { load } from '../../core/load.js'
import { giveUp } from '../../pump/transport.js'
import { takeMessagePort } from '../../transports/message-port.js'
import { beginClient, beginServer } from '../context.js'
import type { Life } from '../life.js'
import { checkAcceptOptions, checkConnectOptions, client, server } from '../options.js'
import { receivedContext } from './contexts.js'
import { FLUSH, type Answer, type Begin, type FromPage, type FromWorker, type Reply } from './protocol.js'
import { errorEncoder, FailedCall } from './worker-errors.js'
import { decodeOptions, encodeGiven } from './worker-values.js'

/** Answers one {@link Begin}. The page closes the port when it has heard all. */
export async function serve(begin: Begin): Promise<void> {
  const { control } = begin
  const post = (message: FromWorker, transfer: Transferable[] = []) => control.postMessage(message, transfer)
  const encode = errorEncoder()
  let life: Life | undefined
  let aborted = false
  /** The page knows why, and tells its transport. */
  const abort = () => life?.abort(new DOMException('The page has aborted the connection', 'AbortError'))
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
  const callbacks = (names: readonly string[]) => Object.fromEntries(names.map((name) => {
    const answers = client.answers[name] ?? server.answers[name]
    if (answers === 'at once') throw invalid(name, 'cannot be given to a worker: OpenSSL waits for no answer from another thread')
    return [name, (...given: unknown[]) => {
      const args = given.map(encodeGiven)
      return answers ? call(name, args) : post({ type: 'call', callback: name, args })
    }]
  }))
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
    aborted = true
    abort()
  })
  control.start()
  const transport = takeMessagePort(begin.transport)

  try {
    const wasm = begin.wasm && compiled(begin.wasm)
    const shared = begin.context && await receivedContext(begin.context, wasm)
    const libssl = shared || !wasm ? {} : { libssl: await load({ wasm: await wasm }) }
    const asked = callbacks(begin.callbacks)
    const given = own<never>(decodeOptions(begin.options), asked, libssl, shared && { context: shared.context })
    // The context has stand-ins for its callbacks, and the keys of its first connection.
    const now = begin.context && decodeOptions(begin.context.current)
    const complete = <T extends object>(checked: T) => own<T>(checked, now, shared && callbacks(shared.callbacks), asked)
    life = begin.type === 'connect'
      ? beginClient(transport, complete(checkConnectOptions(given))) : beginServer(transport, complete(checkAcceptOptions(given)))
  } catch (error) {
    post({ type: 'broken', error: encode(error), ended: false })
    giveUp(transport, error)
    return
  }
  if (aborted) abort()
  life.opened.then((info) => post({ type: 'opened', info }), () => {}) // `closed` tells
  const { closed } = life
  closed.then(() => post({ type: 'closed' }), async (error: unknown) => {
    const ended = await life.read(1).then((bytes) => bytes === undefined, () => false) // at once: it has broken
    post({ type: 'broken', error: encode(error), ended })
  })
}

let module: Promise<WebAssembly.Module> | undefined

/** A worker has one page, which gives it one code. */
function compiled(wasm: WasmCode): Promise<WebAssembly.Module> {
  module ??= wasm instanceof WebAssembly.Module ? Promise.resolve(wasm)
    : WebAssembly.compile(wasm as BufferSource).catch((error: unknown) => { throw whyNotCompiled(error) })
  return module
}
