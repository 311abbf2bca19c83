// The control that must pass no test: throws at each call, and at each value that is read or written.

const native = require('node:tls')

/** While https and http2 load they look at the prototypes. */
const PROTOTYPES = ['Server', 'TLSSocket']

for (const name of Object.keys(native)) {
  const refuse = () => {
    throw new Error(`POISON: tls.${name}`)
  }
  if (typeof native[name] !== 'function') Object.defineProperty(
    exports, name, { enumerable: true, configurable: true, get: refuse, set: refuse },
  )
  else {
    exports[name] = function () { refuse() }
    if (PROTOTYPES.includes(name)) exports[name].prototype = native[name].prototype
  }
}
