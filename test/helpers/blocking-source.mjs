// Imported first by worker threads and child processes that run the sources: TypeScript through tsx, and what
// package.json's "imports" names as a built file from its source.

import { register } from 'node:module'
import { register as registerTsx } from 'tsx/esm/api'

registerTsx()
const source = new URL('../../src/loader/source.node.ts', import.meta.url).href
register('data:text/javascript,' + encodeURIComponent(`export const resolve = (specifier, context, next) =>
  next(specifier === '#source' ? ${JSON.stringify(source)} : specifier, context)`))
