// Node's Buffer, in one place.

export { Buffer } from '#node'
