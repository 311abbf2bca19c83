// The worker's side: makes the connections that the page asks for.

import { RefusalError } from '../../base/errors.js'
import { load } from '../../load.js'
import { fromMessagePort } from '../../transports/message-port.js'
import type { AcceptOptions, ConnectOptions } from '../options.js'
import type { OpenConnection } from '../open-connection.js'
import type { TlsConnection } from '../tls-connection.js'
import { accept, connect } from '../whatwg.js'
import { carry } from './carry.js'
import { decodeError, encodeError, FailedCall } from './errors.js'
import type { Begin, FromPage, FromWorker, Reply } from './protocol.js'
import { decodeValue, encodeValue } from './values.js'

type Answer = Extract<FromPage, { type: 'answer' }>

/** Answers one {@link Begin}. */
export async function serve(begin: Begin): Promise<void> {
  const { control } = begin
  const post = (message: FromWorker) => control.postMessage(message)
  let connection: TlsConnection | undefined
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
    if (data.type === 'close') connection?.close(data).catch(() => {}) // `closed` tells
    else if (data.type === 'answer') calls[data.call]!.settle(data)
    else if (data.type === 'ask') void answer(connection!, data.method, data.args).then((reply) => post({ type: 'reply', ask: data.ask, reply }))
    else {
      aborted = { reason: decodeError(data.reason) }
      connection?.abort(aborted.reason)
    }
  })
  control.start()
  const transport = fromMessagePort(begin.transport)
  const plaintext = fromMessagePort(begin.plaintext, { highWaterMarkBytes: highWaterMarkBytes(begin) })

  try {
    const options: Record<string, unknown> = Object.fromEntries(Object.entries(begin.options).map(([name, value]) => [name, decodeValue(value)]))
    for (const { name, answers } of begin.callbacks) {
      options[name] = (...given: unknown[]) => {
        const args = given.map(encodeValue)
        return answers ? ask(name, args) : post({ type: 'call', callback: name, args })
      }
    }
    if (begin.wasm) options['libssl'] = await load({ wasm: await compiled(begin.wasm) })
    connection = begin.type === 'connect' ? connect(transport, options as ConnectOptions) : accept(transport, options as unknown as AcceptOptions)
  } catch (error) {
    post({ type: 'broken', error: encodeError(error) })
    for (const { readable, writable } of [transport, plaintext]) {
      readable.cancel(error).catch(() => {})
      writable.abort(error).catch(() => {})
    }
    return
  }
  if (aborted) connection.abort(aborted.reason)
  connection.opened.then((info) => post({ type: 'opened', info }), () => {}) // `closed` tells
  connection.closed.then(() => post({ type: 'closed' }), (error: unknown) => post({ type: 'broken', error: encodeError(error) }))
  await Promise.allSettled([connection.closed, sendPlaintext(connection, plaintext.writable, post), takePlaintext(connection, plaintext.readable, post)])
  control.close()
}

/** What the page asks of the connection. It does so after `opened`: then there is one. */
async function answer(connection: TlsConnection, method: keyof OpenConnection, args: readonly unknown[]): Promise<Reply | undefined> {
  let broken: { readonly error: unknown } | undefined
  connection.closed.catch((error: unknown) => { broken = { error } })
  try {
    return { value: await (connection[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args) }
  } catch (error) {
    return broken?.error === error ? undefined : { error: encodeError(error) }
  }
}

/** The end, or the failure, comes after all that was read before. Why it failed, `broken` says, which needs no port of bytes. */
async function sendPlaintext({ readable }: TlsConnection, to: WritableStream<Uint8Array>, post: (message: FromWorker) => void): Promise<void> {
  const reader = readable.getReader()
  const writer = to.getWriter()
  writer.closed.catch((reason: unknown) => { reader.cancel(reason).catch(() => {}) }) // the page wants no more
  let failed = false
  try {
    for (let result; !(result = await reader.read()).done;) await writer.write(result.value)
  } catch {
    failed = true
  }
  post({ type: 'readable ended', failed })
  await writer.close()
}

async function takePlaintext({ writable }: TlsConnection, from: ReadableStream<Uint8Array>, post: (message: FromWorker) => void): Promise<void> {
  await carry(from, writable as WritableStream<Uint8Array>).done
  post({ type: 'writable ended' })
}

/** As much as the page's own streams hold. */
export function highWaterMarkBytes({ options }: Pick<Begin, 'options'>): number {
  return (options as ConnectOptions).highWaterMarkBytes ?? 64 * 1024
}

let module: Promise<WebAssembly.Module> | undefined

/** A worker has one page, which gives it one code. */
function compiled(wasm: WebAssembly.Module | BufferSource): Promise<WebAssembly.Module> {
  module ??= wasm instanceof WebAssembly.Module ? Promise.resolve(wasm) : WebAssembly.compile(wasm)
  return module
}
