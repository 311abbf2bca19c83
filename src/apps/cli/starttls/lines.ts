// STARTTLS of the protocols that speak in lines: SMTP, IMAP, POP3, FTP.

import { hostname } from 'node:os'
import type { PlaintextConversation } from '../../../transports/plaintext.js'
import { refused, unexpected, type AskForTls } from './failures.js'

/** An answer of SMTP or FTP: a code of three digits, and the lines. */
interface Reply {
  readonly code: string
  readonly lines: readonly string[]
  readonly text: string
}

const MOST_LINES = 256

/** @spec RFC 5321 §4.2.1, RFC 959 §4.2: a hyphen after the code says that more follows, up to a line with the code and a space. */
async function readReply(talk: PlaintextConversation, protocol: string): Promise<Reply> {
  const lines = [await talk.readLine()]
  const [, code, more] = /^([1-5][0-9][0-9])([ -]|$)/.exec(lines[0]!) ?? []
  if (code === undefined) throw unexpected(protocol, 'a code of three digits', lines[0]!)
  if (more === '-') {
    let last
    do {
      last = await talk.readLine()
      lines.push(last)
      if (lines.length > MOST_LINES) throw unexpected(protocol, `at most ${MOST_LINES} lines in one answer`, last)
    } while (!last.startsWith(`${code} `) && last !== code)
  }
  return { code, lines, text: lines.join(' ') }
}

/** @spec RFC 3207 */
export const smtp: AskForTls = async (talk) => {
  const greeting = await readReply(talk, 'SMTP')
  if (greeting.code !== '220') throw refused('the server takes no connection', greeting.text)
  await talk.write(`EHLO ${hostname().replace(/[^\w.-]/g, '') || 'localhost'}\r\n`)
  const features = await readReply(talk, 'SMTP')
  if (features.code !== '250') throw refused('the server refuses EHLO', features.text)
  if (!features.lines.some((line) => /^250[ -]STARTTLS\b/i.test(line))) throw refused('the server does not offer it', features.text)
  await talk.write('STARTTLS\r\n')
  const answer = await readReply(talk, 'SMTP')
  if (answer.code !== '220') throw refused('the server refuses it', answer.text)
}

/** @spec RFC 4217 §4 */
export const ftp: AskForTls = async (talk) => {
  let greeting = await readReply(talk, 'FTP')
  if (greeting.code === '120') greeting = await readReply(talk, 'FTP') // ready in some minutes
  if (greeting.code !== '220') throw refused('the server takes no connection', greeting.text)
  await talk.write('AUTH TLS\r\n')
  const answer = await readReply(talk, 'FTP')
  if (answer.code !== '234') throw refused('the server refuses AUTH TLS', answer.text)
}

/** @spec RFC 9051 §6.2.1 */
export const imap: AskForTls = async (talk) => {
  const greeting = await talk.readLine()
  if (!greeting.startsWith('* ')) throw unexpected('IMAP', 'a greeting that begins with "* "', greeting)
  if (/^\* PREAUTH\b/i.test(greeting)) throw refused('the server has authenticated us already, and takes it no more', greeting)
  if (!/^\* OK\b/i.test(greeting)) throw refused('the server takes no connection', greeting)
  await talk.write('a1 STARTTLS\r\n')
  const answer = await untagged(talk)
  if (!/^a1 OK\b/i.test(answer)) throw refused('the server does not offer it, or refuses it', answer)
}

/** The first line that is no untagged one. */
async function untagged(talk: PlaintextConversation): Promise<string> {
  for (let lines = 0; lines < MOST_LINES; lines++) {
    const line = await talk.readLine()
    if (!line.startsWith('* ')) return line
  }
  throw unexpected('IMAP', `an answer within ${MOST_LINES} lines`, '* …')
}

/** @spec RFC 2595 §4 */
export const pop3: AskForTls = async (talk) => {
  const greeting = await talk.readLine()
  if (/^-ERR\b/i.test(greeting)) throw refused('the server takes no connection', greeting)
  if (!/^\+OK\b/i.test(greeting)) throw unexpected('POP3', '"+OK"', greeting)
  await talk.write('STLS\r\n')
  const answer = await talk.readLine()
  if (!/^\+OK\b/i.test(answer)) throw refused('the server does not offer it, or refuses it', answer)
}
