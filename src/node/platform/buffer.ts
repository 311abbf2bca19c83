// Node's Buffer, in one place: where there is none, bundlers put the package `buffer` in its stead.

export { Buffer } from 'node:buffer'
