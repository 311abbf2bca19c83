// Exit statuses say who is at fault, as the classes of errors do.

import {
  ApiMisuseError, CertificateError, DeadlineError, PeerError, RefusalError, TransportError, TruncationError,
} from '../../base/errors.js'
import { UsageError } from './flags.js'

export const exitStatus = { good: 0, us: 1, caller: 2, certificate: 3, peer: 4, transport: 5, truncated: 6, deadline: 7 } as const

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus]

/** Who is at fault, and what has happened. */
export const exitStatusWords: readonly (readonly [status: ExitStatus, who: string, what: string])[] = [
  [exitStatus.good, 'none', 'it ended as it should'],
  [exitStatus.us, 'this program, or this machine', 'an error of this library, a port that is taken, memory that ran out'],
  [exitStatus.caller, 'the command line', 'an unknown flag, a value or a file that cannot be used'],
  [exitStatus.certificate, "the peer's certificate", 'expired, for another name, of an unknown CA, revoked; the message has the code'],
  [exitStatus.peer, 'the peer', 'it sent an alert, broke the protocol, refused STARTTLS, or rejected Encrypted Client Hello'],
  [exitStatus.transport, 'the network', 'no connection: host not found, refused, reset; or the relay did not connect'],
  [exitStatus.truncated, 'unknown', 'the connection was cut: the stream ended without close_notify'],
  [exitStatus.deadline, 'unknown', 'a time limit has passed'],
]

export function statusOf(error: unknown): ExitStatus {
  if (isUsageError(error)) return exitStatus.caller
  if (error instanceof CertificateError) return exitStatus.certificate
  if (error instanceof PeerError || error instanceof RefusalError) return exitStatus.peer
  if (error instanceof TransportError) return exitStatus.transport
  if (error instanceof TruncationError) return exitStatus.truncated
  return error instanceof DeadlineError ? exitStatus.deadline : exitStatus.us
}

export function isUsageError(error: unknown): boolean {
  return error instanceof UsageError || error instanceof ApiMisuseError
    || (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_'))
}

/** For the help. */
export function exitStatusTable(): string {
  return exitStatusWords.map(([status, who, what]) => `  ${status}  ${who}: ${what}\n`).join('')
}

/** For docs/command-line.md. */
export function exitStatusMarkdown(): string {
  return ['| exit status | at fault | |', '| --- | --- | --- |', ...exitStatusWords.map((row) => `| ${row.join(' | ')} |`), ''].join('\n')
}
