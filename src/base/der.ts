// As much of DER as it takes to tell where one element ends and the next begins.

/** The elements of `bytes`, one after the other, each with its header. Throws `RangeError` if one is cut. */
export function splitDer(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const elements: Uint8Array<ArrayBuffer>[] = []
  for (let at = 0; at < bytes.length;) {
    const end = endOfElement(bytes, at)
    if (!(end <= bytes.length)) throw new RangeError(`the element at byte ${at} is cut`)
    elements.push(bytes.slice(at, end))
    at = end
  }
  return elements
}

/** NaN where the header itself is cut. */
function endOfElement(bytes: Uint8Array, at: number): number {
  const first = bytes[at + 1] ?? NaN
  if (first < 0x80) return at + 2 + first
  const octets = first & 0x7f
  let length = 0
  for (let i = 0; i < octets; i++) length = length * 256 + (bytes[at + 2 + i] ?? NaN)
  return octets > 0 && octets <= 4 ? at + 2 + octets + length : NaN
}
