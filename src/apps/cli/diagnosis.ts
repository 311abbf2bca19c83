// What is told of one connection, as values: JSON as it is, words by report.ts.

import { TlsError } from '../../base/errors.js'
import type { X509 } from '../../core/x509.js'
import type { ConnectionInfo } from '../../frontends/connection-info.js'
import type { CertificateRequest } from '../../frontends/features/choices.js'
import type { TraceEvent } from '../../frontends/features/observers.js'
import type { Chain } from './chain.js'
import { statusOf, type ExitStatus } from './exit-status.js'

/** A moment, in milliseconds since the start. */
export interface Step {
  readonly name: 'connected' | 'starttls' | 'handshake' | 'failed' | 'first byte' | 'end'
  readonly ms: number
}

export class Timeline {
  readonly #startMs = performance.now()
  readonly steps: Step[] = []

  get ms(): number {
    return this.since(performance.now())
  }

  /** By `performance.now()`. */
  since(atMs: number): number {
    return Math.round((atMs - this.#startMs) * 10) / 10
  }

  /** The first time counts. */
  mark(name: Step['name']): void {
    if (!this.steps.some((step) => step.name === name)) this.steps.push({ name, ms: this.ms })
  }
}

/** All that is known, as it becomes known. */
export interface Diagnosis {
  readonly role: 'client' | 'server'
  /** Where it is, or comes from. */
  readonly peer: string
  /** Whom a client looks for in the server's certificate. */
  readonly servername: string | undefined
  readonly timeline: Timeline
  info?: ConnectionInfo
  chain?: Chain
  /** The server has asked for a certificate, and none was given. */
  certificateRequest?: Pick<CertificateRequest, 'caNames'>
  error?: unknown
  sessions: number
  sessionFile?: string | undefined
  receivedBytes: number
  sentBytes: number
  readonly trace: TraceEvent[]
}

export function newDiagnosis(role: Diagnosis['role'], peer: string, servername: string | undefined): Diagnosis {
  return { role, peer, servername, timeline: new Timeline(), sessions: 0, receivedBytes: 0, sentBytes: 0, trace: [] }
}

/** Plain values, for programs. Certificates are as X509's toJSON has them, dates in ISO 8601. `message`: the error's, in terms of flags. */
export function toJson(
  { info, chain, timeline, error, trace, certificateRequest, ...rest }: Diagnosis, status: ExitStatus, message: string,
  advice: readonly string[],
): object {
  return {
    ...rest,
    exitStatus: status,
    verified: info?.verifyResult === 'X509_V_OK' && (rest.role === 'client' || info.peerCertificate !== undefined),
    ...(info && { connection: connectionOf(info) }),
    ...(certificateRequest && { certificateRequest }),
    ...(chain && {
      chain: chain.links.map(({ certificate, faults, sent }) => ({ ...describe(certificate), faults, sent })),
      chainIssuer: chain.issuer,
      otherCertificates: chain.others.map(describe),
    }),
    ...(error !== undefined && { error: errorOf(error, message) }),
    ...(advice.length > 0 && { advice }),
    timeline: timeline.steps,
    ...(trace.length > 0 && { trace: trace.map(({ atMs, ...event }) => ({ ms: timeline.since(atMs), ...event })) }),
  }
}

function connectionOf(info: ConnectionInfo): object {
  const { peerCertificate, peerCertificateChain, ocspResponse, peerRawPublicKey, ...plain } = info
  return { ...plain, ocspStapled: ocspResponse !== undefined }
}

const describe = (certificate: X509): Record<string, unknown> => certificate.toJSON()

function errorOf(error: unknown, message: string): object {
  const { name } = error instanceof Error ? error : new Error()
  const alert = (error as { readonly alert?: unknown }).alert
  const code = error instanceof TlsError ? { code: error.code } : {}
  return { name, ...code, message, ...(alert !== undefined && { alert }), exitStatus: statusOf(error) }
}
