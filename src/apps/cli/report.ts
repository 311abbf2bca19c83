// A diagnosis in words, for people at a terminal.

import { CertificateError, TlsError } from '../../base/errors.js'
import type { X509 } from '../../core/x509.js'
import type { ConnectionInfo } from '../../frontends/connection-info.js'
import type { ConnectOptions } from '../../frontends/options.js'
import type { TraceEvent } from '../../frontends/features/observers.js'
import { adviceFor } from './advice.js'
import { namesOf, SOON, span, time, type Chain } from './chain.js'
import type { Diagnosis, Step } from './diagnosis.js'
import type { Style } from './style.js'

/** What this side has offered and asked for. */
export type Offered = Pick<ConnectOptions, 'alpnProtocols' | 'ocsp' | 'session' | 'earlyData'>

/** What is known when the handshake is over, well or not. `words`: the error's, in terms of flags. */
export function report(diagnosis: Diagnosis, style: Style, words: string, offered: Offered): string {
  const { info, chain, timeline } = diagnosis
  const parts = [
    [headline(diagnosis, style, words)],
    info ? agreed(diagnosis, info, style, offered) : [],
    chain && chain.links.length > 0 ? [style('bold', 'certificates'), ...tree(chain, style)] : [],
    advice(diagnosis, style),
    [style('bold', 'timeline'), ...timeline.steps.map(step)],
  ]
  return parts.filter((lines) => lines.length > 0).map((lines) => `${lines.join('\n')}\n`).join('\n')
}

/** What came after: `words` as in {@link report}. */
export function trailer(diagnosis: Diagnosis, style: Style, words: string): string {
  const { role, peer, sessions, sessionFile, receivedBytes, sentBytes, timeline, error } = diagnosis
  const at = (name: Step['name']) => timeline.steps.find((one) => one.name === name)?.ms
  const [first, end] = [at('first byte'), at('end')]
  const kept = sessions > 0 && sessionFile !== undefined ? `, the last one is kept in ${sessionFile}` : ''
  const facts = [
    `received ${bytes(receivedBytes)}${first === undefined ? '' : `, the first after ${first.toFixed(1)} ms`}`, `sent ${bytes(sentBytes)}`,
    ...(role === 'client' ? [`sessions given: ${sessions}${kept}`] : []),
    ...(end === undefined ? [] : [`ended after ${end.toFixed(1)} ms`]),
  ]
  const about = role === 'server' ? `${peer}: ` : '' // it may have others around it
  return `${error === undefined ? '' : `${style('red', '✗')} ${about}${words}\n`}${style('dim', about + facts.join('; '))}\n`
}

export function traceLine(event: TraceEvent, ms: number, style: Style): string {
  const at = `${ms.toFixed(1).padStart(8)} ms `
  if (event.kind === 'state') return style('dim', `${at}  ${event.step}: ${event.name}`)
  return `${at}${event.direction === 'sent' ? '→' : '←'} ${event.kind} ${event.name}, ${bytes(event.bytes)} (${event.version})`
}

function headline({ role, peer, info, error, servername, chain }: Diagnosis, style: Style, words: string): string {
  const all = chain?.links.flatMap(({ certificate, faults }, depth) => faults.filter(({ code }) => code !== SOON)
    .map((fault) => depth === 0 ? fault.words : `${certificate.subject}: ${fault.words}`)).join('; ') ?? ''
  const bad = `${style('red', '✗')} ${style('bold', peer)}: `
  if (error !== undefined) return `${bad}${error instanceof CertificateError && all !== '' ? `not verified: ${all}` : words}`
  if (role === 'server') {
    const who = info!.peerCertificate ? `verified as ${info!.peerCertificate.subject}` : 'a client without a certificate'
    return `${style('green', '✓')} ${style('bold', peer)}: ${who}, which asks for ${info!.servername ?? 'no name'}`
  }
  if (info!.verifyResult !== 'X509_V_OK') return `${bad}not verified, and taken all the same: ${all === '' ? info!.verifyResult : all}`
  const who = info!.peerRawPublicKey ? 'by its public key' : `as ${servername ?? 'one of the accepted names'}`
  return `${style('green', '✓')} ${style('bold', peer)}: verified ${who}${info!.resumed ? ', when its session was made' : ''}`
}

function agreed({ role, certificateRequest }: Diagnosis, info: ConnectionInfo, style: Style, offered: Offered): string[] {
  const { protocol, cipher, group, peerSignatureAlgorithm, alpnProtocol, ech, outerServername, resumed, earlyData, ocspResponse } = info
  const { alpnProtocols = [] } = offered
  const ocspWords = ocspResponse ? 'stapled, and good' : resumed ? 'not asked for: the session was resumed'
    : offered.ocsp === undefined ? 'not asked for' : 'not stapled'
  const groupWords = resumed ? 'none: the session was resumed without one' : 'none: key exchange by RSA, without forward secrecy'
  const rows: readonly (readonly [name: string, value: string])[] = [
    ['version', protocol],
    ['suite', cipher],
    ['group', group?.replace(/.*MLKEM.*/, '$& (post-quantum)') ?? groupWords],
    ['signature', peerSignatureAlgorithm ?? (resumed ? 'none: the session was resumed' : 'none')],
    ['ALPN', alpnProtocol ?? (alpnProtocols.length > 0 ? `none of ${alpnProtocols.join(', ')}` : 'none offered')],
    ['ECH', `${ech}${outerServername === undefined ? '' : `: the network has seen ${outerServername}`}`],
    ...(role === 'server' ? [] : [['OCSP', ocspWords] as const]),
    ['session', resumed ? 'resumed' : `new${offered.session ? ': the one that was offered is not taken up' : ''}`],
    ['early data', `${earlyData}${offered.earlyData && earlyData !== 'accepted' ? ', but after the handshake' : ''}`],
    ...(certificateRequest ? [['client', `the server asks for a certificate${certificateRequest.caNames.length > 0
      ? ` issued by ${certificateRequest.caNames.join(' or ')}` : ''}; none was shown`] as const] : []),
  ]
  return rows.map(([name, value]) => `${style('dim', name.padEnd(12))}${value}`)
}

/** The root first, each beneath its issuer. */
function tree({ links, issuer, others }: Chain, style: Style): string[] {
  const lines: string[] = []
  let indent = ''
  if (issuer !== undefined) {
    lines.push(`${issuer} ${style('dim', '(not sent)')}`)
    indent = '   '
  }
  for (const [index, { certificate, faults, sent }] of [...links].reverse().entries()) {
    const leaf = index === links.length - 1
    const branch = indent === '' ? '' : `${indent.slice(3)}└─ `
    const name = style('bold', certificate.subject === '' ? '(no subject)' : certificate.subject)
    lines.push(`${branch}${name}${sent === false ? ` ${style('dim', '(not sent)')}` : ''}`)
    const below = `${indent}${leaf ? '   ' : '│  '}`
    for (const line of facts(certificate, leaf)) lines.push(`${below}${style('dim', line)}`)
    for (const { code, words } of faults) {
      lines.push(`${below}${code === SOON ? style('yellow', `! ${words}`) : style('red', `✗ ${words} (${code})`)}`)
    }
    indent += '   '
  }
  for (const { subject } of others) lines.push(`${subject} ${style('dim', '(sent, and no part of the chain)')}`)
  return lines
}

function facts(certificate: X509, leaf: boolean): string[] {
  const { keyType, keyBits, keyGroup, signatureAlgorithm, validFrom, validTo, fingerprint256 } = certificate
  const leftMs = validTo.getTime() - Date.now()
  return [
    ...(leaf ? [`for ${namesOf(certificate)}`] : []),
    `${keyType} ${keyGroup ?? `${keyBits} bits`}, signed by ${signatureAlgorithm}`,
    `valid ${time(validFrom)} to ${time(validTo)}${leftMs > 0 ? `, ${span(leftMs)} left` : ''}`,
    ...(leaf ? [`SHA-256 ${fingerprint256}`] : []),
  ]
}

function advice(diagnosis: Diagnosis, style: Style): string[] {
  const lines = adviceFor(diagnosis)
  return lines.length === 0 ? [] : [style('bold', 'what to do'), ...lines.map((line) => `- ${line}`)]
}

function step({ name, ms }: Step): string {
  return `${ms.toFixed(1).padStart(10)} ms  ${name === 'starttls' ? 'STARTTLS' : name}`
}

function bytes(count: number): string {
  return `${count.toLocaleString('en')} byte${count === 1 ? '' : 's'}`
}

/** An error's words, with its code if they do not begin with it. */
export function wordsOfError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error instanceof TlsError ? `${error.message} (${error.code})` : error.message
}
