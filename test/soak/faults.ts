// A transport that a plan lets fail: by the ciphertext that has passed. By hand, as Node 20's TransformStream breaks when it is cancelled
// while it ends.

import { memoryTransportPair, type ByteTransport } from '../../src/index.js'
import { random, turns } from '../helpers/streams.js'
import type { Plan } from './plan.js'

export class InjectedFault extends Error {
  override readonly name = 'InjectedFault'
}

/** `over` ends what is stalled. */
export function withFault(inner: ByteTransport, plan: Plan, over: Promise<void>): ByteTransport {
  const [near, far] = memoryTransportPair()
  void carry(inner.readable, far.writable, plan, 'received', over)
  void carry(far.readable, inner.writable, plan, 'sent', over)
  return near
}

async function carry(
  from: ReadableStream<Uint8Array>, to: WritableStream<Uint8Array>, plan: Plan, direction: Plan['faultIn'], over: Promise<void>,
): Promise<void> {
  const reader = from.getReader()
  const writer = to.getWriter()
  writer.closed.catch((error: unknown) => reader.cancel(error)).catch(() => {})
  try {
    const pieces = befall(reader, plan, direction, over)
    for await (const piece of pieces) await writer.write(piece)
    await writer.close()
    // After an end that was injected: what is still written goes nowhere, as in a network.
    while (!(await reader.read()).done);
  } catch (error) {
    // One end was given up: so is the other.
    reader.cancel(error).catch(() => {})
    writer.abort(error).catch(() => {})
  }
}

/** What arrives of what is sent. */
async function* befall(
  reader: ReadableStreamDefaultReader<Uint8Array>, plan: Plan, direction: Plan['faultIn'], over: Promise<void>,
): AsyncGenerator<Uint8Array> {
  const next = random(plan.seed + Number(direction === 'sent'))
  const fault = plan.faultIn === direction ? plan.fault : 'none'
  let delays = 100
  let left = fault === 'none' ? Infinity : plan.faultAfterBytes
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const chunk = value.slice()
    for (let at = 0; at < chunk.byteLength;) {
      if (left === 0) {
        if (fault === 'cut') throw new InjectedFault('cut')
        if (fault === 'end') return
        if (fault === 'stall') await over
        if (fault === 'corrupt') chunk[at]! ^= 1 << Math.floor(next() * 8)
        left = Infinity
      }
      const most = plan.maxPieceBytes === 0 ? Infinity : 1 + Math.floor(next() * plan.maxPieceBytes)
      const piece = chunk.slice(at, at + Math.min(most, left))
      yield piece
      at += piece.byteLength
      left -= piece.byteLength
      if (plan.maxPieceBytes > 0 && next() < 0.2 && delays-- > 0) await turns(1)
    }
  }
}
