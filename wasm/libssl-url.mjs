// Where libssl.wasm is: in this folder. Bundlers know this form and emit the file as an asset; those that do not
// (esbuild, Rollup) leave the line as it is, and the file belongs beside their output. Hence a module of its own beside
// the file, copied to lib/ by wasm/Makefile: the URL is the same before and after such a bundler.

export const wasmUrl = () => new URL('./libssl.wasm', import.meta.url)
