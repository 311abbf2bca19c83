// The WebAssembly as it is inside the single file: gzip, in base64. The file is a third of what it would be without gzip,
// and to unpack that takes no longer than to parse three times the text.

import gzipped from 'libssl.wasm.gz'

export async function source(): Promise<Response> {
  const stream = new Blob([fromBase64(gzipped)]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Response(stream, { headers: { 'content-type': 'application/wasm' } })
}

/** Unpacking waits: nothing is at hand at once. */
export const sourceSync = (): undefined => undefined

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const native = (Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64
  if (native) return native(text)
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
