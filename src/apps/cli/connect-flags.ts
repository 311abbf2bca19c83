// The flags of `libssl-wasm connect`, and what they ask for.

import { existsSync } from 'node:fs'
import { domainToASCII } from 'node:url'
import type { ConnectOptions } from '../../frontends/options.js'
import { formatTarget, parseTarget, type Target } from '../../transports/target.js'
import { withoutSecrets } from '../../transports/websocket-like.js'
import { exitStatusTable } from './exit-status.js'
import { flagHelp, HELP_FLAG, parseFlags, readFlagFile, readFlagLines, UsageError, type FlagValues, type Synonyms } from './flags.js'
import { TOKEN_VARIABLE } from './relay-flags.js'
import { starttlsProtocols } from './starttls/starttls.js'
import { commonFlags, lowSecurityFlag, tlsOptionsOf, type TlsFlag } from './tls-flags.js'

const protocols = Object.keys(starttlsProtocols)

export const connectFlags: readonly TlsFlag[] = [
  { name: 'starttls', value: 'PROTOCOL', words: `begin in the clear, and ask for TLS: ${protocols.join(', ')}` },
  { name: 'via', value: 'URL', words: 'through this relay, ws: or wss: (libssl-wasm relay)' },
  {
    name: 'via-token-file', value: 'FILE', words: "the relay's bearer token",
    initially: `the environment variable ${TOKEN_VARIABLE}, if it is set`,
  },
  {
    name: 'servername', value: 'NAME', option: 'servername', initially: 'HOST',
    words: 'the name to ask for (SNI), which the certificate must hold',
  },
  {
    name: 'accepted-name', value: 'NAME', repeats: true, option: 'acceptedNames',
    words: 'look for this name in the certificate in place of --servername',
  },
  {
    name: 'ca', value: 'FILE', repeats: true, option: 'ca', initially: 'the roots of Node',
    words: 'trust these certificates alone, PEM or DER',
  },
  { name: 'additional-ca', value: 'FILE', repeats: true, option: 'additionalCa', words: 'trust these, too' },
  { name: 'partial-chain', option: 'partialChain', words: 'a certificate of --ca need not be a root' },
  { name: 'pin', value: 'PIN', repeats: true, option: 'pins', words: 'sha256/…: the chain must have one of these keys' },
  { name: 'crl', value: 'FILE', repeats: true, option: 'crl', words: 'revocation lists: each certificate of the chain must have one' },
  {
    name: 'ocsp', value: 'request|require', option: 'ocsp', initially: 'request',
    words: 'ask for a stapled OCSP response, which must be good; or insist on one',
  },
  { name: 'cert', value: 'FILE', option: 'cert', words: 'a client certificate and its chain' },
  { name: 'key', value: 'FILE', option: 'key', words: 'the key for it' },
  ...commonFlags,
  {
    name: 'ech', value: 'LIST|FILE|grease|off', option: 'ech', initially: 'grease',
    words: 'Encrypted Client Hello by this ECHConfigList: base64, or a file with base64, PEM or bytes',
  },
  {
    name: 'session', value: 'PATH', option: 'session',
    words: 'take up the session in this file, if it is there, and keep the next one there: it is a secret',
  },
  {
    name: 'early', value: 'FILE', option: 'earlyData',
    words: 'send this with the first flight, if --session allows it. It can be replayed: give only what may happen twice',
  },
  { name: 'check', words: 'no data: close after the handshake, and print the diagnosis to standard output' },
  { name: 'keep-open', words: 'at the end of standard input send no close_notify: wait for the end of the peer' },
  { name: 'save-chain', value: 'PATH', words: "write the server's certificates to this file, PEM" },
  { name: 'json', words: 'one line of JSON, at the end, in place of words' },
  { name: 'trace', words: 'each record, handshake message and alert, with its time' },
  lowSecurityFlag,
  {
    name: 'dangerously-allow-legacy-renegotiation', option: 'dangerouslyAllowLegacyRenegotiation',
    words: 'take servers without RFC 5746, as some old appliances are',
  },
  { name: 'dangerously-skip-verification', option: 'dangerouslySkipVerification', words: 'accept any certificate for any name' },
  HELP_FLAG,
]

const SKIP = "give the server's CA as --ca FILE; or, to accept anybody, --dangerously-skip-verification"
const meant = (flag: string) => `did you mean '--${flag}'?`

/** Flags of openssl s_client, curl and gnutls-cli. */
const synonyms: Synonyms = {
  insecure: SKIP, k: SKIP, 'no-verify': SKIP, 'no-ca-verification': SKIP,
  connect: 'give HOST:PORT as it is', host: 'give HOST:PORT', port: 'give HOST:PORT', p: 'give HOST:PORT',
  CAfile: meant('ca'), cacert: meant('ca'), x509cafile: meant('ca'), CApath: meant('ca'),
  showcerts: meant('save-chain'), 'save-cert': meant('save-chain'), status: meant('ocsp'), sni: meant('servername'),
  'sni-hostname': meant('servername'),
  sess_in: meant('session'), sess_out: meant('session'), early_data: meant('early'), earlydata: meant('early'),
  keylogfile: meant('keylog'),
  curves: meant('groups'), sigalgs: meant('signature-algorithms'), cipher: meant('ciphers'), msg: meant('trace'), debug: meant('trace'),
  tls1_2: 'give --max 1.2', tls1_3: 'give --min 1.3', 'tlsv1.2': 'give --min 1.2', 'tlsv1.3': 'give --min 1.3', proxy: meant('via'),
  no_ign_eof: 'that is how it works', ign_eof: meant('keep-open'), quiet: 'standard output has the data alone, without a flag',
}

export const connectHelp = (): string => `usage: libssl-wasm connect HOST[:PORT] [options]

Connects by TLS, and says to standard error what was agreed, what the server has shown and what is wrong with it. Then standard
input goes to the server, and what it sends to standard output, so that both can be pipes. PORT is 443, or that of --starttls.

examples:
  libssl-wasm connect example.com                                  what is there, and a connection to type into
  libssl-wasm connect example.com --check                          only what is there; the exit status tells, too
  libssl-wasm connect example.com --check --json | jq .chain       the same for programs
  printf 'GET / HTTP/1.0\\r\\n\\r\\n' | libssl-wasm connect example.com >page.txt
  libssl-wasm connect mail.example:587 --starttls smtp             as mail clients do
  libssl-wasm connect db.internal --starttls postgres --ca ca.pem  a CA of your own
  libssl-wasm connect example.com --session s.bin --early get.txt  twice: the second time without waiting for the server
  libssl-wasm connect mail.example:993 --via wss://relay.example   as a page would reach it

options:
${flagHelp(connectFlags)}
exit status:
${exitStatusTable()}`

export interface ConnectRequest {
  readonly target: Target
  readonly via: { readonly url: string; readonly token: string | undefined } | undefined
  /** A name of {@link starttlsProtocols}. */
  readonly starttls: string | undefined
  readonly options: ConnectOptions & { readonly servername: string }
  readonly sessionFile: string | undefined
  readonly chainFile: string | undefined
  readonly check: boolean
  readonly keepOpen: boolean
  readonly json: boolean
  readonly trace: boolean
}

/** Throws `UsageError`, and as {@link parseFlags}; `undefined` if help is asked for. */
export function readConnectRequest(args: readonly string[]): ConnectRequest | undefined {
  const { values, positionals } = parseFlags('connect', connectFlags, args, synonyms, true)
  if (values['help']) return undefined
  const starttls = values['starttls'] as string | undefined
  if (starttls !== undefined && !protocols.includes(starttls)) {
    throw new UsageError(`--starttls must be one of ${protocols.join(', ')}, not '${starttls}'`)
  }
  const target = targetOf(positionals, starttls === undefined ? 443 : starttlsProtocols[starttls]!.port)
  const given = tlsOptionsOf(connectFlags, values) as Partial<ConnectOptions>
  const sessionFile = values['session'] as string | undefined
  const defaults = given.dangerouslySkipVerification ? {} : { ocsp: 'request' } as const
  return {
    target, via: viaOf(values), starttls, sessionFile,
    options: {
      ...defaults, ...given, servername: given.servername ?? target.host,
      session: sessionFile !== undefined && existsSync(sessionFile) ? readFlagFile('session', sessionFile) : undefined,
    },
    chainFile: values['save-chain'] as string | undefined,
    check: values['check'] === true, keepOpen: values['keep-open'] === true, json: values['json'] === true, trace: values['trace'] === true,
  }
}

function targetOf([text, ...more]: readonly string[], port: number): Target {
  if (text === undefined) throw new UsageError('connect needs HOST:PORT')
  if (more.length > 0) throw new UsageError(`connect takes one HOST:PORT: what is '${more.join(' ')}' for?`)
  const target = parseTarget(text) ?? parseTarget(`${text}:${port}`) ?? parseTarget(`[${text}]:${port}`)
  if (target) return target
  const [, inUrl] = /^[a-z]+:\/\/([^/]+)/i.exec(text) ?? []
  const international = /[^\0-\x7f]/.test(text) ? text.replace(/[^:]*/, domainToASCII) : text // '' if it is no name
  const better = inUrl ?? (international !== text && parseTarget(`${international.replace(/:.*/, '')}:1`) ? international : undefined)
  throw new UsageError(`'${text}' is not HOST:PORT${
    better === undefined ? ', as example.com:443 or [::1]:443 is, with a port of 1 to 65535' : `: give '${better}'`}`)
}

function viaOf(values: FlagValues): ConnectRequest['via'] {
  const url = values['via'] as string | undefined
  const file = values['via-token-file'] as string | undefined
  if (url === undefined) {
    if (file !== undefined) throw new UsageError('--via-token-file needs --via')
    return undefined
  }
  return { url, token: file === undefined ? process.env[TOKEN_VARIABLE] || undefined : readFlagLines('via-token-file', file)[0] }
}

export function writtenTarget({ target, via, starttls }: ConnectRequest): string {
  return `${formatTarget(target)}${starttls === undefined ? '' : ` (${starttls})`}${via ? ` through ${withoutSecrets(via.url)}` : ''}`
}
