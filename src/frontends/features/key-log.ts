// The secrets of a connection, for Wireshark: to a callback, and to a file where there are files.

import { hasKeylogFiles, keylogFile } from '#keylog'
import { invalid, isFunction, isString, type Feature } from './feature.js'

export interface KeyLogOptions {
  /**
   * Given each secret as a line of the NSS key log format, without a newline. These lines are enough to decrypt the
   * connection: for debugging, for example with Wireshark.
   */
  readonly onKeylog?: ((line: string) => void) | undefined
  /**
   * Appends the same lines to a file: this one, or with `true` the one that the environment variable SSLKEYLOGFILE names, if it
   * does. In Node, Deno (`--allow-write`, `--allow-env=SSLKEYLOGFILE`) and Bun; an error elsewhere. A new file is its owner's
   * alone. Default: no file, whatever the environment says.
   */
  readonly keylogFile?: boolean | string | undefined
}

export const keyLog: Feature<KeyLogOptions> = {
  checks: {
    onKeylog: isFunction,
    keylogFile: (value) => {
      if (typeof value !== 'boolean' && isString(value)) return 'must be a boolean, or the name of a file'
      return value === false || hasKeylogFiles() ? undefined : 'needs Node, Deno or Bun: this platform has no files'
    },
  },
  connection: ['onKeylog', 'keylogFile'],
  setUpSsl(ssl, { onKeylog, keylogFile: file = false }) {
    const append = file === false ? undefined : open(file)
    if (!onKeylog && !append) return
    ssl.setKeylogCallback((line) => {
      append?.(line)
      onKeylog?.(line)
    })
  },
}

function open(file: string | true): ((line: string) => void) | undefined {
  try {
    return keylogFile(file === true ? undefined : file)
  } catch (cause) {
    throw invalid('keylogFile', `cannot be appended to: ${(cause as Error).message}`, { cause })
  }
}
