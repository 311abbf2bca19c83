// The type of what Emscripten writes. Copied to lib/ by wasm/Makefile, and published from there: it imports nothing, so
// that nobody needs our types, nor Emscripten's, to use the package. src/loader/load-module.ts knows them.

export default function createLibssl(module: object): unknown
