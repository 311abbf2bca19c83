// Where libssl.wasm is: in the folder libssl-wasm beside this file. Bundlers know this form and emit the file as an asset; those
// that do not (esbuild, Rollup) leave the line as it is, and the folder belongs beside their output. Hence a module of its own
// beside the folder, copied to lib/ by wasm/Makefile: the URL is the same before and after such a bundler.
//
// The folder has the package's name, so that `libssl-wasm/libssl.wasm` is a path from here and also what package.json exports:
// Vite's development server (5 to 7) moves this line to a file elsewhere, where the path leads nowhere, and then asks the package.

export const wasmUrl = () => new URL('libssl-wasm/libssl.wasm', import.meta.url)
