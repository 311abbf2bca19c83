// Tells diagnoses: in words as they become known, or as a line of JSON when the connection has ended.

import type { TraceEvent } from '../../frontends/features/observers.js'
import { adviceFor } from './advice.js'
import { toJson, type Diagnosis } from './diagnosis.js'
import { exitStatus, statusOf, type ExitStatus } from './exit-status.js'
import { report, trailer, traceLine, wordsOfError, type Offered } from './report.js'
import { styleFor } from './style.js'
import { inFlags, type TlsFlag } from './tls-flags.js'

export interface TellerOptions {
  readonly out: NodeJS.WriteStream
  readonly json: boolean
  readonly trace: boolean
  /** Those of the command: errors name them, where the library names options. */
  readonly flags: readonly TlsFlag[]
  readonly offered: Offered
}

export class Teller {
  readonly #options: TellerOptions

  constructor(options: TellerOptions) {
    this.#options = options
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
    const { out, json, offered } = this.#options
    if (!json) out.write(report(diagnosis, styleFor(out), this.words(diagnosis.error), offered))
  }

  /** The connection is over. Returns who is at fault. */
  end(diagnosis: Diagnosis): ExitStatus {
    const { out, json, flags } = this.#options
    const { error, info } = diagnosis
    const status = error === undefined ? exitStatus.good : statusOf(error)
    if (json) {
      const message = inFlags(flags, error instanceof Error ? error.message : String(error))
      out.write(`${JSON.stringify(toJson(diagnosis, status, message, adviceFor(diagnosis)))}\n`)
    } else if (info) {
      out.write(`\n${trailer(diagnosis, styleFor(out), this.words(error))}`)
    }
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
