// node --require ./preload.cjs TEST.js: another module in the place of `node:tls`.
//
//   NODE_TESTS_MODULE  its path: CommonJS, or ESM without top-level await, whose default export then counts
//   NODE_TESTS_DIR     below it are the tests; any other file is taken for a part of the module
//
// Tests, and Node's own https, http2 and fetch, get that module. The module and all that it imports get neither Node's tls nor
// what lies beneath it: whatever they touch of it throws. Nor do tests get what lies beneath it.

'use strict'
const Module = require('node:module')
const { join, sep } = require('node:path')
const { fileURLToPath } = require('node:url')
const { getCallSites, types } = require('node:util')

const PUBLIC = ['tls', 'node:tls']
const BENEATH = ['_tls_wrap', 'node:_tls_wrap', '_tls_common', 'node:_tls_common']
/** For tests with --expose-internals. */
const INTERNAL = /^internal\//
const tests = process.env.NODE_TESTS_DIR + sep
/** The controls beside this file are Node's tls. */
const controls = join(__dirname, 'controls') + sep

const native = require('node:tls')
const forbidden = forbid(native)
let replacement = forbidden

/** What a file gets that asks for this name; `undefined` where the name is not our matter. Code without a file is a test's. */
function answer(name, from = tests) {
  if (INTERNAL.test(name)) return from.startsWith(tests) ? undefined : forbidden
  if (!PUBLIC.includes(name) && !BENEATH.includes(name)) return undefined
  if (from.startsWith(controls)) return native
  return PUBLIC.includes(name) && from.startsWith(tests) ? replacement : forbidden
}

/** Has the names, so that it can be imported, and throws when something of it is called, or a value is read. */
function forbid(exports) {
  const forbidden = {}
  for (const name of Object.keys(exports)) {
    const refuse = () => {
      throw new Error(`BORROWED: ${name} of Node's own tls is not for what stands in its place`)
    }
    const value = new Proxy(function () {}, { apply: refuse, construct: refuse, get: refuse, set: refuse })
    Object.defineProperty(forbidden, name, { enumerable: true, ...typeof exports[name] === 'function' ? { value } : { get: refuse } })
  }
  return forbidden
}

// require()
const load = Module._load
Module._load = function (name, parent, ...rest) {
  return answer(name, parent?.filename ?? undefined) ?? load.call(this, name, parent, ...rest)
}

// import and import(): by a module of the answer's names.
Module.registerHooks({
  resolve(name, context, next) {
    const from = context.parentURL?.startsWith('file:') ? fileURLToPath(context.parentURL) : undefined
    const given = answer(name, from)
    if (given === undefined || given === native) return next(name, context)
    return { url: `node-tests:${given === forbidden ? 'forbidden' : 'replacement'}`, format: 'module', shortCircuit: true }
  },
  load(url, context, next) {
    if (!url.startsWith('node-tests:')) return next(url, context)
    const given = url === 'node-tests:forbidden' ? forbidden : replacement
    // To read a forbidden value throws, so it cannot be exported: in a namespace it is missing.
    const names = Object.keys(given).filter((name) => given !== forbidden || typeof native[name] === 'function')
    const source = `const tls = process.getBuiltinModule('${url}'); export default tls; export const { ${names.join(', ')} } = tls`
    return { format: 'module', source, shortCircuit: true }
  },
})

// process.getBuiltinModule(), process.binding()
const { getBuiltinModule, binding } = process
process.getBuiltinModule = (name) => {
  if (name === 'node-tests:replacement') return replacement
  if (name === 'node-tests:forbidden') return forbidden
  return answer(name, callerOf()) ?? getBuiltinModule.call(process, name)
}
process.binding = (name) => {
  if (!callerOf().startsWith(tests)) throw new Error(`BORROWED: process.binding('${name}') is Node's own`)
  return binding.call(process, name)
}

/** The file that called the function that calls this. */
function callerOf() {
  const scriptName = getCallSites(3)[2]?.scriptName ?? ''
  return scriptName.startsWith('file:') ? fileURLToPath(scriptName) : scriptName.startsWith(sep) ? scriptName : tests
}

const loaded = require(process.env.NODE_TESTS_MODULE)
replacement = types.isModuleNamespaceObject(loaded) ? loaded.default : loaded

// Node's own modules hold the exports of the built-in tls: let its properties be the replacement's. A test may assign some.
if (replacement !== native) {
  for (const name of Object.keys(replacement)) {
    if (Object.getOwnPropertyDescriptor(native, name)?.configurable === false) continue
    Object.defineProperty(native, name, {
      enumerable: true, configurable: true, get: () => replacement[name], set: (value) => { replacement[name] = value },
    })
  }
  Module.syncBuiltinESMExports()
}
