// The trust anchors of the operating system.

import { systemRoots as list } from '#roots'

/**
 * Reads the operating system's own trust anchors: PEM texts for option `ca` or `additionalCa`. Node, Deno (with
 * `--allow-sys`) and Bun; `undefined` where there is no list to be had. Nothing is kept: each call reads it again.
 */
export function systemRoots(): readonly string[] | undefined {
  return list()
}
