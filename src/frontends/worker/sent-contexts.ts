// Contexts in worker mode, on the page. createContext() brings it along: a page without contexts does not carry it.

import type { TlsContext } from '../tls-context.js'
import type { ContextReceiver, PostedContext } from './posted-context.js'
import { encodeKeys, encodeOptions } from './values.js'

/** Describes a context to the worker, with its options the first time. The result must be posted. Throws if its options cannot cross. */
export function describeContext(context: TlsContext, worker: ContextReceiver): PostedContext {
  const { ids, forgets } = worker
  const known = ids.get(context)
  const current = encodeKeys(context.options)
  if (known !== undefined) return { id: known, current }
  const { values, callbacks } = encodeOptions(context.options)
  const id = ++worker.lastId
  ids.set(context, id)
  const forget = context.onFree(() => {
    forgets.delete(forget)
    worker.free(id)
  })
  forgets.add(forget)
  return { id, current, options: values, callbacks: Object.keys(callbacks) }
}
