// What an import of a .wasm file gives in an edge worker (see source.workerd.ts).

declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}
