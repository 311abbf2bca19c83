// The worker's side: makes the connections that the page asks for.

import { RefusalError } from '../../base/errors.js'
import type { WasmCode } from '../../loader/load-module.js'
import { load } from '../../core/load.js'
import { fromMessagePort } from '../../transports/message-port.js'
import { beginClient, beginServer } from '../begin.js'
import type { Life } from '../life.js'
import type { OpenConnection } from '../open-connection.js'
import type { AcceptOptions, ConnectOptions } from '../options.js'
import { withContext } from './contexts.js'
import { decodeError, errorEncoder, FailedCall, type NumberedError } from './errors.js'
import type { Begin, FromPage, FromWorker, Reply } from './protocol.js'
import { decodeOptions, encodeValue } from './values.js'

type Answer = Extract<FromPage, { type: 'answer' }>

/** Answers one {@link Begin}. */
export async function serve(begin: Begin): Promise<void> {
  const { control, highWaterMarkBytes } = begin
  const post = (message: FromWorker) => control.postMessage(message)
  const encode = errorEncoder()
  let life: Life | undefined
  let aborted: { readonly reason: unknown } | undefined
  /** By number: calls of the page that wait for its answer. */
  const calls: { settle(answer: Answer): void }[] = []
  const ask = (callback: string, args: readonly unknown[]) => new Promise((resolve, reject) => {
    const call = calls.push({ settle: ({ answer, refusal }) => {
      if (answer) resolve(answer.value)
      else if (refusal) reject(new RefusalError(refusal, undefined, { cause: new FailedCall(call) }))
      else reject(new FailedCall(call))
    } }) - 1
    post({ type: 'call', callback, args, call })
  })
  control.addEventListener('message', ({ data }: MessageEvent<FromPage>) => {
    if (data.type === 'close') life?.close(data.waitForPeerMs, async () => {}).catch(() => {}) // `closed` tells
    else if (data.type === 'answer') calls[data.call]!.settle(data)
    else if (data.type === 'ask') void answer(life!, data, encode).then((reply) => post({ type: 'reply', ask: data.ask, reply }))
    else {
      aborted = { reason: decodeError(data.reason) }
      life?.abort(aborted.reason)
    }
  })
  control.start()
  const transport = fromMessagePort(begin.transport)
  const plaintext = fromMessagePort(begin.plaintext, { highWaterMarkBytes })

  try {
    const wasm = begin.wasm && compiled(begin.wasm)
    const shared = begin.context ? withContext(begin.context, wasm) : wasm && { libssl: await load({ wasm: await wasm }) }
    const options: Record<string, unknown> = { ...await shared, ...decodeOptions(begin.options) }
    for (const { name, answers } of begin.callbacks) {
      options[name] = (...given: unknown[]) => {
        const args = given.map(encodeValue)
        return answers ? ask(name, args) : post({ type: 'call', callback: name, args })
      }
    }
    life = begin.type === 'connect' ? beginClient(transport, options as ConnectOptions) : beginServer(transport, options as unknown as AcceptOptions)
  } catch (error) {
    post({ type: 'broken', error: encode(error) })
    post({ type: 'readable ended', failed: true })
    for (const { readable, writable } of [transport, plaintext]) {
      readable.cancel(error).catch(() => {})
      writable.abort(error).catch(() => {})
    }
    return
  }
  if (aborted) life.abort(aborted.reason)
  life.opened.then((info) => post({ type: 'opened', info }), () => {}) // `closed` tells
  life.closed.then(() => post({ type: 'closed' }), (error: unknown) => post({ type: 'broken', error: encode(error) }))
  await Promise.allSettled([
    life.closed, sendPlaintext(life, plaintext.writable, highWaterMarkBytes, post), takePlaintext(life, plaintext.readable, encode, post),
  ])
  control.close()
}

type Ask = Extract<FromPage, { type: 'ask' }>

/** What the page asks of the connection. It does so after `opened`: then there is one. */
async function answer(life: Life, { method, args }: Ask, encode: (error: unknown) => NumberedError): Promise<Reply> {
  try {
    return { value: await life.ask(method, ...args as Parameters<OpenConnection[typeof method]>) }
  } catch (error) {
    return { error: encode(error) }
  }
}

/** The end, or the failure, comes after all that was read before. Why it failed, `broken` says, which needs no port of bytes. */
async function sendPlaintext(life: Life, to: WritableStream<Uint8Array>, limit: number, post: (message: FromWorker) => void): Promise<void> {
  const writer = to.getWriter()
  writer.closed.catch(() => life.stopReading()).catch(() => {}) // the page wants no more
  let failed = false
  try {
    for (let bytes; (bytes = await life.read(limit)) !== undefined;) await writer.write(bytes)
  } catch {
    failed = true
  }
  post({ type: 'readable ended', failed })
  await writer.close()
}

async function takePlaintext(
  life: Life, from: ReadableStream<Uint8Array>, encode: (error: unknown) => NumberedError, post: (message: FromWorker) => void,
): Promise<void> {
  const reader = from.getReader()
  const cancel = (reason?: unknown) => { reader.cancel(reason).catch(() => {}) }
  life.closed.then(cancel, cancel)
  try {
    for (let result; !(result = await reader.read()).done;) await life.write(result.value)
    await life.closeWriting()
    post({ type: 'writable ended' })
  } catch (error) {
    post({ type: 'writable ended', error: encode(error) })
    cancel(error)
  }
}

let module: Promise<WebAssembly.Module> | undefined

/** A worker has one page, which gives it one code. */
function compiled(wasm: WasmCode): Promise<WebAssembly.Module> {
  module ??= wasm instanceof WebAssembly.Module ? Promise.resolve(wasm) : WebAssembly.compile(wasm as BufferSource)
  return module
}
