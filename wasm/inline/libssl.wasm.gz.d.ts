// What build.ts puts in the place of this import: base64.

declare module 'libssl.wasm.gz' {
  const base64: string
  export default base64
}
