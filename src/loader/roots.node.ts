// Node, Deno and Bun: their own roots.

import * as crypto from 'node:crypto'
import * as fs from 'node:fs'
import * as tls from 'node:tls'
import { nodeRoots, nodeSystemRoots, type NodeModules } from './node-roots.js'

const node = { crypto, fs, tls } as NodeModules

/** PEM texts, or `undefined` where the platform has no list to give. */
export function platformRoots(): readonly string[] | undefined {
  return nodeRoots(node)
}

/** The same for the system's own list. */
export function systemRoots(): readonly string[] | undefined {
  return nodeSystemRoots(node)
}
