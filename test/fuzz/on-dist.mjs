// Has programs that import src/ use what was built from it, dist/. For `node --import`.

import { register } from 'node:module'

const hooks = `export async function resolve(specifier, context, next) {
  const found = await next(specifier, context)
  const url = found.url.replace(/\\/src\\/([^?]*)\\.ts(?=$|\\?)/, '/dist/$1.js').replace(/\\?namespace=.*/, '')
  return url === found.url ? found : { ...found, url, format: 'module', shortCircuit: true }
}`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
