// Tells diagnoses: in words as they become known, or as a line of JSON when the connection has ended.

import type { TraceEvent } from '../../frontends/features/observers.js'
import { toJson, type Diagnosis } from './diagnosis.js'
import { exitStatus, statusOf, type ExitStatus } from './exit-status.js'
import { report, trailer, traceLine, wordsOfError } from './report.js'
import { styleFor } from './style.js'
import { inFlags, type TlsFlag } from './tls-flags.js'

export interface TellerOptions {
  readonly out: NodeJS.WriteStream
  readonly json: boolean
  readonly trace: boolean
  /** Those of the command: errors name them, where the library names options. */
  readonly flags: readonly TlsFlag[]
  readonly alpnOffered: readonly string[]
}

export class Teller {
  readonly #options: TellerOptions

  constructor(options: TellerOptions) {
    this.#options = options
    // The reader of a pipe may have read enough.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  }

  /** Options of the connection that `diagnosis` is about. */
  observers(diagnosis: Diagnosis): { readonly onTrace?: (event: TraceEvent) => void } {
    const { out, json, trace } = this.#options
    if (!trace) return {}
    return {
      onTrace: (event) => {
        if (json) diagnosis.trace.push(event)
        else out.write(`${traceLine(event, diagnosis.timeline.since(event.atMs), styleFor(out))}\n`)
      },
    }
  }

  /** The handshake is over, well or not. */
  handshake(diagnosis: Diagnosis): void {
    const { out, json, alpnOffered } = this.#options
    if (!json) out.write(report(diagnosis, styleFor(out), this.words(diagnosis.error), alpnOffered))
  }

  /** The connection is over. Returns who is at fault. */
  end(diagnosis: Diagnosis): ExitStatus {
    const { out, json } = this.#options
    const { error, info } = diagnosis
    const status = error === undefined ? exitStatus.good : statusOf(error)
    if (json) out.write(`${JSON.stringify(toJson(diagnosis, status))}\n`)
    else if (info) out.write(`\n${trailer(diagnosis, styleFor(out), this.words(error))}`)
    return status
  }

  words(error: unknown): string {
    return inFlags(this.#options.flags, wordsOfError(error))
  }

  inTermsOfFlags(error: Error): Error {
    error.message = inFlags(this.#options.flags, error.message)
    return error
  }
}
