// `libssl-wasm/node/tls` for a Node whose require() takes modules: it gives what is named so here, the object itself, to which one may
// assign. A file of its own, as bundlers whose output is for browsers from before 2022 refuse such a name.

export * from './index.js'
export { default, default as 'module.exports' } from './index.js'
