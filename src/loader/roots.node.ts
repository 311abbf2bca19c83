// Node, Deno and Bun: their own roots.

import * as fs from 'node:fs'
import * as tls from 'node:tls'
import { nodeRoots, nodeSystemRoots } from './node-roots.js'

/** PEM texts, or `undefined` where the platform has no list to give. */
export function platformRoots(): readonly string[] | undefined {
  return nodeRoots(tls as Parameters<typeof nodeRoots>[0], fs)
}

/** The same for the system's own list. */
export function systemRoots(): readonly string[] | undefined {
  return nodeSystemRoots(tls as Parameters<typeof nodeRoots>[0], fs)
}
