// What tests do with streams again and again. It asks for nothing that one runtime alone has: the same code runs in
// Node, browsers, Deno, Bun and workers.

import { concat } from '../../src/base/bytes.js'

/** What a promise rejects with; a promise that resolves is an error. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return error
  }
  throw new Error(`resolved with ${String(value)}, and should have been rejected`)
}

export async function readAll(readable: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  const reader = readable.getReader()
  for (let result; !(result = await reader.read()).done;) chunks.push(result.value)
  reader.releaseLock()
  return concat(chunks)
}

/** Exactly `count` bytes, or fewer if the stream ends before. What came beyond them is lost. */
export async function readBytes(readable: ReadableStream<Uint8Array>, count: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  const reader = readable.getReader()
  for (let got = 0; got < count;) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    got += value.byteLength
  }
  reader.releaseLock()
  return concat(chunks).subarray(0, count)
}

/** A stream that takes bytes, whatever else it takes. */
interface TakesBytes {
  getWriter(): { readonly ready: Promise<unknown>; write(chunk: Uint8Array<ArrayBuffer>): Promise<void>; releaseLock(): void }
}

/** Writes `bytes` in pieces of at most `pieceBytes`, each when the one before was accepted. */
export async function writeAll(writable: TakesBytes, bytes: Uint8Array<ArrayBuffer>, pieceBytes = Infinity): Promise<void> {
  const writer = writable.getWriter()
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    await writer.ready
    await writer.write(bytes.subarray(at, at + pieceBytes))
  }
  writer.releaseLock()
}

/** `count` bytes that repeat only after a long while; the same for the same seed. */
export function noise(count: number, seed = 1): Uint8Array<ArrayBuffer> {
  const next = random(seed)
  return Uint8Array.from({ length: count }, () => next() * 256)
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Lets everything run that can run: `count` turns of the event loop. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => { nextTurn(resolve) })
}

// Where there is no setImmediate a timer's turn comes last, too.
const nextTurn: (run: (value?: unknown) => void) => void = typeof setImmediate === 'function'
  ? setImmediate : (run) => { setTimeout(run, 0) }

/** Waits turn by turn until `condition` holds. It is for what comes without an event; the test's own time limit bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turns(1)
}

/** Whether `promise` has not settled once everything ran that could run. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true
  promise.then(() => { pending = false }, () => { pending = false })
  await turns()
  return pending
}

/** Waits until `progress()` has stopped changing, and returns it: for a writer that should come to wait. */
export async function standstill(progress: () => number): Promise<number> {
  for (let last = progress(), still = 0; still < 50;) {
    await turns(1)
    still = progress() === last ? still + 1 : 0
    last = progress()
  }
  return progress()
}

/** Whether both hold the same bytes. (toEqual takes seconds over a megabyte.) */
export function same(one: Uint8Array, other: Uint8Array): boolean {
  if (one.byteLength !== other.byteLength) return false
  for (let at = 0; at < one.byteLength; at++) if (one[at] !== other[at]) return false
  return true
}
