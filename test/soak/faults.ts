// A transport that a plan lets fail: by the ciphertext that has passed.

import type { ByteTransport } from '../../src/index.js'
import { random, turns } from '../helpers/streams.js'
import type { Plan } from './plan.js'

export class InjectedFault extends Error {
  override readonly name = 'InjectedFault'
}

/** `over` ends what is stalled. */
export function withFault(inner: ByteTransport, plan: Plan, over: Promise<void>): ByteTransport {
  const received = befall(plan, 'received', over)
  const sent = befall(plan, 'sent', over)
  inner.readable.pipeTo(received.writable).catch(() => {})
  sent.readable.pipeTo(inner.writable).catch(() => {})
  return { readable: received.readable, writable: sent.writable }
}

function befall(plan: Plan, direction: Plan['faultIn'], over: Promise<void>): TransformStream<Uint8Array, Uint8Array> {
  const next = random(plan.seed + Number(direction === 'sent'))
  const fault = plan.faultIn === direction ? plan.fault : 'none'
  let delays = 100
  let left = fault === 'none' ? Infinity : plan.faultAfterBytes
  return new TransformStream({
    async transform(chunk, controller) {
      for (let at = 0; at < chunk.byteLength;) {
        const most = plan.maxPieceBytes === 0 ? Infinity : 1 + Math.floor(next() * plan.maxPieceBytes)
        const piece = chunk.slice(at, at + Math.min(most, left, chunk.byteLength - at))
        if (piece.byteLength > 0) controller.enqueue(piece)
        at += piece.byteLength
        left -= piece.byteLength
        if (plan.maxPieceBytes > 0 && next() < 0.2 && delays-- > 0) await turns(1)
        if (left > 0) continue
        if (fault === 'cut') throw new InjectedFault('cut')
        if (fault === 'end') return controller.terminate()
        if (fault === 'stall') await over
        if (fault === 'corrupt' && at < chunk.byteLength) chunk[at]! ^= 1 << Math.floor(next() * 8)
        else if (fault === 'corrupt') continue // the next byte comes with the next chunk
        left = Infinity
      }
    },
  }, { highWaterMark: 65_536, size: (chunk) => chunk.byteLength }, { highWaterMark: 65_536, size: (chunk) => chunk.byteLength })
}
