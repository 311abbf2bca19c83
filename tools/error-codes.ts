// docs/errors.md, from the texts that stand beside the codes in src: `npm run errors -- --write`.
//
// Without --write the page is only compared, and the exit code is 1 if it says something else. A code without a text, or without a remedy
// where its interface has one for each, is an error, too.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { codeOfRefusal } from '../src/transports/dial-failures.js'
import { relayRefusals } from '../src/transports/relay-refusals.js'
import { reasonOfFailure, WispCloseError } from '../src/transports/wisp/close-reason.js'
import type { RelayErrorCode } from '../src/base/errors.js'
import { markedPart, type MarkedPart } from './marked-part.js'

const repository = fileURLToPath(new URL('../', import.meta.url))
const page = join(repository, 'docs/errors.md')

/** A member of an interface of codes. */
export interface CodeText {
  readonly code: string
  readonly fault: string
  readonly when: string
  readonly remedy: string
}

/** By interface, all codes that have a text. */
export function codeTexts(): Readonly<Record<string, readonly CodeText[]>> {
  const files = ['base/error-codes.ts', 'base/certificate-error-codes.ts', 'base/openssl-error-codes.ts', 'node/node-error-codes.ts']
  return Object.fromEntries(files.flatMap((file) => interfacesOf(readFileSync(join(repository, 'src', file), 'utf8'))))
}

function interfacesOf(source: string): [string, CodeText[]][] {
  return [...source.matchAll(/^export interface (\w+) \{\n(.*?)^\}/gms)].map(([, name, body]) => {
    const members = [...body!.matchAll(/(?: {2}\/\*\*(.*?)\*\/\n)? {2}(\w+): '([^\n]*)'\n/gs)].map(([, comment = '', code, fault]) => {
      const [when = '', remedy = ''] = comment.replace(/\s*\n\s*\* */g, ' ').trim().split(/\s*@remedy\s+/)
      if (when.trim() === '') throw new Error(`${name}: ${code} has no text`)
      return { code: code!, fault: fault!, when: when.trim(), remedy: remedy.trim() }
    })
    return [name!, members]
  })
}

const texts = codeTexts()

/** One heading for each code, so that it can be linked to. */
function headings(name: string): string {
  return texts[name]!.map(({ code, fault, when, remedy }) => {
    if (remedy === '') throw new Error(`${name}: ${code} does not say what to do`)
    return `### ${code}\n${when}\n\n- **At fault:** ${fault}.\n- **What to do:** ${remedy}\n`
  }).join('\n')
}

function table(name: string): string {
  return rows('code | when it comes, and what to do | at fault', texts[name]!.map(({ code, fault, when, remedy }) =>
    `\`${code}\` | ${[when, remedy].filter(Boolean).join(' ')} | ${fault}`))
}

function rows(head: string, lines: readonly string[]): string {
  return [head, head.replace(/[^|]+/g, ' --- '), ...lines].map((line) => `| ${line.trim()} |\n`).join('')
}

/** What says a relay's code on each way to it. */
function relayWays(): string {
  const head = 'code | close code of a tunnel | reason of a Wisp stream | code of the Node faces'
  return rows(head, texts['RelayErrorCodes']!.map(({ code }) => {
    const nodeCode = codeOfRefusal(code)!
    const { reason, reasonName } = new WispCloseError('', reasonOfFailure({ code: nodeCode }))
    return `\`${code}\` | ${relayRefusals[code as RelayErrorCode][0]} | 0x${reason.toString(16)}, ${reasonName} | \`${nodeCode}\``
  }))
}

const sections: readonly (readonly [title: string, ...parts: readonly string[]])[] = [
  ['ApiMisuseError', `A call, an option or a value of yours is wrong. \`option\` names the option, if it is one. Where OpenSSL itself has
refused the value, \`code\` is one of [OpenSSL's own](#openssls-own-codes).
`, headings('ApiMisuseErrorCodes')],
  ['CertificateError',
    `The peer is not who it should be. \`code\` is OpenSSL's verification result without \`X509_V_ERR_\`, \`verifyCode\` its
number; \`depth\` says which certificate of the chain is meant (0 is the peer's own), and \`certificate\` is that one.
`, headings('CertificateErrorCodes'), '### Codes that come seldom', table('RareCertificateErrorCodes'),
  `### Codes that do not come
OpenSSL has names for these, too. No connection ends with them, unless a program sets \`X509_V_FLAG_…\` with the core's
\`SslCtx.setVerifyFlags()\`.
`, rows('code | why it does not come', texts['UnusedCertificateErrorCodes']!.map(({ code, when }) => `\`${code}\` | ${when}`))],
  ['PeerError',
    `The peer broke the protocol, or refused ours. \`alert\` is the alert that was received or sent, if there was one. Beside these
three, \`code\` is an [alert](#alerts-of-the-peer) or another of [OpenSSL's own codes](#openssls-own-codes).
`, headings('PeerErrorCodes')],
  ['Alerts of the peer',
    `The peer has sent a fatal alert: \`PeerError\`, with \`alert.from\` \`'peer'\`. An alert says what kind of thing the peer
did not like; its own log knows why.
`, table('AlertErrorCodes')],
  ["OpenSSL's own codes",
    `The code of a \`PeerError\` or an \`ApiMisuseError\` can be any of OpenSSL's reasons, some 300: \`ERR_\`, the name of
OpenSSL's library, and the reason. \`opensslErrorStack\` has all that OpenSSL said. These are the ones that people meet.
`, table('OpensslErrorCodes')],
  ['TruncationError', headings('TruncationErrorCodes')],
  ['TransportError', headings('TransportErrorCodes')],
  ['What a relay says', 'The code of a `TransportError`, too, where a relay has told why it does not connect.\n',
    headings('RelayErrorCodes'), '### How a relay says it', relayWays()],
  ['DeadlineError', headings('DeadlineErrorCodes')],
  ['RefusalError', headings('RefusalErrorCodes')],
  ['InternalError', headings('InternalErrorCodes')],
  ['Codes of the Node faces',
    `\`libssl-wasm/node/tls\` and \`libssl-wasm/node/net\` throw and emit what Node would: an \`Error\` with Node's \`code\`
and words. What OpenSSL says of a connection is \`ERR_SSL_\` and its reason; of an option of \`createSecureContext()\`, \`ERR_OSSL_\` and
its reason. What is wrong with a certificate is a code as of [\`CertificateError\`](#certificateerror), or \`UNSPECIFIED\` where Node
has no name for it. \`cause\` is this library's own error, whose message has advice.
`, table('NodeErrorCodes'), '### System codes', table('SystemErrorCodes')],
  ['Warnings',
    `What did not stop us, and yet should be put right. Node, Deno and Bun emit a \`warning\` of the type \`TlsWarning\` with this
code; other platforms print it to the console.
`, headings('WarningCodes')],
]

const text = sections.map(([title, ...parts]) => `## ${title}\n${parts.join('\n')}`).join('\n').replace(/docs\/([\w-]+\.md)/g, '[$1]($1)')

/** The page as it is, and as it should be. */
export const errorsPage = (): MarkedPart => markedPart(page, 'codes', 'tools/error-codes.ts', text)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { old, wanted } = errorsPage()
  if (process.argv.includes('--write')) writeFileSync(page, wanted)
  else if (wanted !== old) {
    console.error('docs/errors.md is not what src says of its codes: run npm run errors -- --write')
    process.exitCode = 1
  }
}
