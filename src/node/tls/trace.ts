// enableTrace(): the messages of a handshake, and of what comes after it, on the standard error output.

import type { Ssl } from '../../core/ssl.js'
import { describeMessage } from '../../core/trace.js'

/** In Node the output is OpenSSL's own, which is not in this build: the messages are the same, the form is ours. */
export function trace(ssl: Ssl): void {
  ssl.setMsgCallback((message) => {
    const { direction, kind, name, version, bytes } = describeMessage(ssl.lib, message)
    print(`${direction === 'sent' ? 'Sent' : 'Received'} ${kind} ${name}, ${version}, ${bytes} bytes`)
  })
}

function print(line: string): void {
  const { process } = globalThis as { process?: { stderr?: { write(text: string): unknown } } }
  if (process?.stderr) process.stderr.write(`${line}\n`)
  else console.error(line)
}
