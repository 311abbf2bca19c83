// What pg asks of Node beyond net, tls and events, as far as it uses it in a page: the modules `util`, `util/types` and others, which are
// this file, and two names that are global in Node.

export { Buffer } from 'buffer'
export { default as process } from 'process'

/** Of `util`. */
export const deprecate = <Deprecated>(deprecated: Deprecated) => deprecated

/** Of `util/types`. */
export const isDate = (value: unknown) => value instanceof Date
