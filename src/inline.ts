// `libssl-wasm/inline`: all of `libssl-wasm` and the WebAssembly in one file, which imports nothing and fetches nothing.
// For a script tag, a CDN, or a bundler that cannot emit assets. The file is a library of its own: what its `load` gives
// is for its own `connect` and `accept`, and its error classes are not those of `libssl-wasm`. wasm/inline writes it;
// this is what it is made from, and its types.

export * from './index.js'
