// The flags of `libssl-wasm serve`, and what they ask for.

import type { AcceptOptions, ServerContextOptions } from '../../frontends/options.js'
import { memoryServerSessionCache } from '../../frontends/sessions/session-store.js'
import { TicketKeys } from '../../frontends/sessions/ticket-keys.js'
import { withoutBrackets } from '../../transports/target.js'
import { exitStatusTable } from './exit-status.js'
import { flagHelp, HELP_FLAG, parseFlags, UsageError, wholeNumber, type Synonyms } from './flags.js'
import { commonFlags, lowSecurityFlag, tlsOptionsOf, type TlsFlag } from './tls-flags.js'

export const serveFlags: readonly TlsFlag[] = [
  { name: 'cert', value: 'FILE', option: 'cert', words: 'the certificate and its chain, PEM' },
  { name: 'key', value: 'FILE', option: 'key', words: 'the key for it' },
  { name: 'host', value: 'ADDRESS', words: 'where to listen', initially: '127.0.0.1' },
  { name: 'port', value: 'N', words: 'where to listen', initially: '0, the system picks one' },
  { name: 'ca', value: 'FILE', repeats: true, option: 'ca', words: 'ask clients for a certificate that one of these has issued' },
  {
    name: 'client-certificate', value: 'required|optional', option: 'clientCertificate', initially: 'required with --ca',
    words: 'whether clients may go without one',
  },
  ...commonFlags,
  { name: 'ocsp-response', value: 'FILE', option: 'ocspResponse', words: 'the OCSP response to staple, DER' },
  { name: 'ech-key', value: 'FILE', option: 'echKeys', words: 'a key for Encrypted Client Hello, PEM, as openssl ech makes it' },
  { name: 'no-sessions', words: 'no session tickets' },
  { name: 'max-early', value: 'N', option: 'maxEarlyDataBytes', words: 'bytes of early data that a client may send', initially: '0' },
  { name: 'stdio', words: 'one connection, for standard input and output, in place of an echo; the diagnosis goes to standard error' },
  { name: 'once', words: 'end after one connection, with its exit status' },
  { name: 'json', words: 'a line of JSON for each connection, at its end, in place of words' },
  { name: 'trace', words: 'each record, handshake message and alert, with its time' },
  lowSecurityFlag,
  HELP_FLAG,
]

const meant = (flag: string) => `did you mean '--${flag}'?`

/** Flags of openssl s_server and gnutls-serv. */
const synonyms: Synonyms = {
  accept: meant('port'), p: meant('port'), listen: meant('host'), CAfile: meant('ca'), x509cafile: meant('ca'),
  x509certfile: meant('cert'), x509keyfile: meant('key'), Verify: 'give --ca FILE', verify: 'give --ca FILE --client-certificate optional',
  status_file: meant('ocsp-response'),
  early_data: meant('max-early'), earlydata: meant('max-early'), ech_key: meant('ech-key'), echo: 'it is an echo without a flag',
  rev: 'it is an echo, which reverses nothing', naccept: meant('once'), no_ticket: meant('no-sessions'), keylogfile: meant('keylog'),
  curves: meant('groups'), sigalgs: meant('signature-algorithms'), cipher: meant('ciphers'), msg: meant('trace'), debug: meant('trace'),
  tls1_2: 'give --max 1.2', tls1_3: 'give --min 1.3', 'tls-cert': meant('cert'), 'tls-key': meant('key'),
}

const MAKE_ONE = 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -keyout key.pem -out cert.pem '
  + '-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1'

export const serveHelp = (): string => `usage: libssl-wasm serve --cert FILE --key FILE [options]

A TLS server that sends back what it is sent, and says of each connection what was agreed, what the client has asked for and shown, and
why one failed.

examples:
  ${MAKE_ONE}
  libssl-wasm serve --cert cert.pem --key key.pem --port 4433        a certificate for a try, and a server for it
  libssl-wasm connect localhost:4433 --ca cert.pem                   its client
  libssl-wasm serve --cert cert.pem --key key.pem --ca clients.pem   only for clients with a certificate
  libssl-wasm serve --cert cert.pem --key key.pem --stdio <page.txt  sends a file to one client
  libssl-wasm serve --cert cert.pem --key key.pem --json | jq .connection.protocol

options:
${flagHelp(serveFlags)}
exit status, of --once and --stdio that of the connection:
${exitStatusTable()}`

export interface ServeRequest {
  readonly host: string
  readonly port: number
  /** What all connections share. */
  readonly context: ServerContextOptions
  /** What each is given. */
  readonly connection: Pick<AcceptOptions, 'handshakeTimeoutMs' | 'keylogFile'>
  readonly stdio: boolean
  readonly once: boolean
  readonly json: boolean
  readonly trace: boolean
}

/** Throws `UsageError`, and as {@link parseFlags}; `undefined` if help is asked for. */
export function readServeRequest(args: readonly string[]): ServeRequest | undefined {
  const { values } = parseFlags('serve', serveFlags, args, synonyms)
  if (values['help']) return undefined
  if (values['cert'] === undefined || values['key'] === undefined) {
    throw new UsageError(`serve needs --cert FILE and --key FILE. This makes both, for a try: ${MAKE_ONE}`)
  }
  const { handshakeTimeoutMs, keylogFile, ...context } = tlsOptionsOf(serveFlags, values) as AcceptOptions
  const port = wholeNumber('port', values['port'] as string | undefined ?? '0')
  if (port > 65_535) throw new UsageError(`--port must be at most 65535, not ${port}`)
  const host = withoutBrackets(values['host'] as string | undefined ?? '127.0.0.1')
  if (host === '') throw new UsageError('--host must not be empty: for every address of this machine give 0.0.0.0 or ::')
  if (context.maxEarlyDataBytes && values['no-sessions']) throw new UsageError('--max-early needs sessions: leave out --no-sessions')
  const stdio = values['stdio'] === true
  return {
    host, port,
    context: {
      ...context,
      ...(values['no-sessions'] !== true && { ticketKeys: new TicketKeys() }),
      // Early data counts once only where sessions are remembered.
      ...(context.maxEarlyDataBytes && { sessionCache: memoryServerSessionCache() }),
    },
    connection: { handshakeTimeoutMs, keylogFile },
    stdio, once: stdio || values['once'] === true, json: values['json'] === true, trace: values['trace'] === true,
  }
}
