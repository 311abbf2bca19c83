// Node, Deno and Bun: their own roots.

import * as crypto from 'node:crypto'
import * as fs from 'node:fs'
import * as tls from 'node:tls'
import { asDer, nodeRoots, nodeSystemRoots, type NodeModules } from './node-roots.js'

export { whyNoRoots } from './node-roots.js'

const node = { crypto, fs, tls } as NodeModules

/** DER, or PEM as it is, or `undefined` where the platform has no list to give. */
export function platformRoots(): readonly (string | Uint8Array)[] | undefined {
  return nodeRoots(node)?.map(asDer)
}

/** The system's own list: PEM texts, or `undefined` as above. */
export function systemRoots(): readonly string[] | undefined {
  return nodeSystemRoots(node)
}
