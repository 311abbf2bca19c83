// Flags that are options of the library: for the client and the server alike, a row each, and what their values become.

import { existsSync } from 'node:fs'
import { readFlagFile, UsageError, wholeNumber, type Flag, type FlagValues } from './flags.js'
import { starttlsProtocols } from './starttls/starttls.js'

export interface TlsFlag extends Flag {
  /** The option of the library that it is for. */
  readonly option?: string
}

/** What a value becomes, by what the help calls it. Others stay text. */
const kinds: Readonly<Record<string, (name: string, text: string) => unknown>> = {
  FILE: readFlagFile,
  N: wholeNumber,
  MS: wholeNumber,
  NAMES: (name, text) => {
    const names = text.split(',')
    if (names.includes('')) throw new UsageError(`--${name} must be names with commas between them, not '${text}'`)
    return names
  },
  '1.2|1.3': (name, text) => {
    const [, version] = /^(?:tls)?v?(1\.[23])$/i.exec(text) ?? []
    if (version === undefined) throw new UsageError(`--${name} must be 1.2 or 1.3, not '${text}'`)
    return `TLSv${version}`
  },
  'LIST|FILE|grease|off': readEch,
}

/** What both ends have in common. */
export const commonFlags: readonly TlsFlag[] = [
  {
    name: 'passphrase-file', value: 'FILE', option: 'passphrase',
    words: 'the passphrase of an encrypted --key: the first line of the file',
  },
  {
    name: 'alpn', value: 'NAMES', option: 'alpnProtocols', initially: 'none',
    words: 'application protocols, the most wanted first: h2,http/1.1',
  },
  { name: 'min', value: '1.2|1.3', option: 'minVersion', words: 'the lowest version of TLS', initially: '1.2' },
  { name: 'max', value: '1.2|1.3', option: 'maxVersion', words: 'the highest version of TLS', initially: '1.3' },
  { name: 'groups', value: 'LIST', option: 'groups', words: 'key exchange groups, separated by colons, such as X25519MLKEM768:X25519' },
  { name: 'ciphers', value: 'LIST', option: 'ciphers', words: 'suites of TLS 1.2, as openssl-ciphers(1) has them' },
  { name: 'ciphersuites', value: 'LIST', option: 'ciphersuites', words: 'suites of TLS 1.3, separated by colons' },
  { name: 'signature-algorithms', value: 'LIST', option: 'signatureAlgorithms', words: 'such as ecdsa_secp256r1_sha256:ed25519' },
  { name: 'security-level', value: 'N', option: 'securityLevel', words: 'how strong keys must be, 2 to 5', initially: '2' },
  {
    name: 'timeout', value: 'MS', option: 'handshakeTimeoutMs', initially: '30000',
    words: 'how long the handshake may take, and each step before it',
  },
  { name: 'use-expired-cert', option: 'useExpiredCert', words: 'show --cert although it has expired or is not valid yet' },
  {
    name: 'keylog', value: 'PATH', option: 'keylogFile',
    words: 'append the secrets to this file, for Wireshark: they are enough to decrypt the connection',
  },
]

/** The last of the two lists: it is dangerous. */
export const lowSecurityFlag: TlsFlag = {
  name: 'dangerously-low-security-level', value: 'N', option: 'dangerouslyLowSecurityLevel',
  words: '1 takes RSA keys from 1024 bits, 0 takes everything, SHA-1 too',
}

/** The options that `flags` ask for. Throws `UsageError`. */
export function tlsOptionsOf(flags: readonly TlsFlag[], values: FlagValues): Record<string, unknown> {
  const options: Record<string, unknown> = {}
  for (const { name, value, option } of flags) {
    const given = values[name]
    if (option === undefined || given === undefined) continue
    const become = value === undefined ? undefined : kinds[value]
    options[option] = !become ? given : Array.isArray(given) ? given.map((one: string) => become(name, one)) : become(name, given as string)
  }
  const { passphrase } = options
  if (passphrase !== undefined) options['passphrase'] = (passphrase as Buffer).toString().replace(/\r?\n[^]*$/, '')
  return options
}

/** The library's words, with flags where it names options and functions; an alternative without a flag is left out. */
export function inFlags(flags: readonly TlsFlag[], words: string): string {
  const flagOf = (option: string) =>
    flags.find((one) => one.option === (option === 'timeoutMs' ? 'handshakeTimeoutMs' : option)) // as PlaintextConversation calls it
  const inOwnWords = words.replace(/, or '(\w+)'/g, (all, option: string) => flagOf(option) ? all : '').replace(STARTTLS, starttlsFlag)
  // Where they are not quoted, a name of one word may be a word.
  const optionNames = /(?:\boptions? )?'(\w+)'(?:: '(\w+)')?|\b([a-z]+[A-Z]\w*)\b/g
  return inOwnWords.replace(optionNames, (all, quoted?: string, value?: string, bare?: string) => {
    const flag = flagOf(quoted ?? bare!)
    return flag ? `--${flag.name}${value === undefined ? '' : ` ${value}`}` : all
  })
}

/** As core/first-bytes.ts advises it, with the names of the protocols if it has recognised the server. */
const STARTTLS = /(as an? ([\w ]+) server does: .*)?\(STARTTLS, by PlaintextConversation\)/

function starttlsFlag(_all: string, before = '', names = ''): string {
  const known = names.toLowerCase().split(' or ').filter((name) => name in starttlsProtocols)
  return `${before}(--starttls ${known.length === 0 ? 'PROTOCOL' : known.join(' or ')})`
}

/** A word, or an ECHConfigList: in base64, or in a file, which may be base64, PEM or bytes. */
function readEch(name: string, text: string): unknown {
  if (text === 'grease' || text === 'off') return text
  if (!existsSync(text)) return { configList: text }
  const bytes = readFlagFile(name, text)
  const content = bytes.toString('latin1')
  const [, pem] = /-----BEGIN ECHCONFIG-----([^-]*)-----END ECHCONFIG-----/.exec(content) ?? []
  const base64 = (pem ?? content).replace(/\s/g, '')
  return { configList: /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? base64 : bytes }
}
