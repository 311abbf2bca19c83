// Prints where `libssl-wasm/node/register` has put our module. Run by Node, Deno and Bun.

import 'libssl-wasm/node/register'
import { createRequire } from 'node:module'

const { default: ours } = await import('libssl-wasm/node/tls')
const theirs = await import('node:tls')
const require = createRequire(import.meta.url)
const places = {
  name: theirs.connect === ours.connect,
  default: theirs.default.connect === ours.connect,
  require: require('tls').connect === ours.connect && require('node:tls').TLSSocket === ours.TLSSocket,
  https: require('node:https').createServer({}) instanceof ours.Server,
}
console.log(Object.keys(places).filter((place) => places[place]).join(', '))
