// Bytes to send, by which a part that is missing or out of place is seen.

export function patterned(length: number): Buffer {
  return Buffer.alloc(length, Uint8Array.from({ length: 251 }, (_, index) => index))
}
