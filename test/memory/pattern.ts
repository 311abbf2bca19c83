// What is downloaded: bytes that look random and tell where they belong, the same in the server and in the page.

/** Of no length that anything on the way has: whatever is lost, doubled or swapped moves what follows. */
const PERIOD_BYTES = 1_000_003

/** The stream's bytes from `offset` on, up to the end of a period. */
export function patternAt(offset: number): Uint8Array<ArrayBuffer> {
  return period.subarray(offset % PERIOD_BYTES)
}

/** Whether `chunk` is what stands at `offset` of the stream. */
export function isPatternAt(offset: number, chunk: Uint8Array): boolean {
  for (let at = 0, place = offset % PERIOD_BYTES; at < chunk.byteLength; at++, place++) {
    if (place === PERIOD_BYTES) place = 0
    if (chunk[at] !== period[place]) return false
  }
  return true
}

const period = new Uint8Array(PERIOD_BYTES)
for (let at = 0, state = 1; at < PERIOD_BYTES; at++) {
  // xorshift32
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  period[at] = state
}
