// Whether a certificate is the server's that was asked for: tls.checkServerIdentity(), with the rules and the words of node:tls.

import { canonicalIp, isIP } from './ip-address.js'
import { nodeError } from './node-error.js'
import type { PeerCertificate } from './peer-certificate.js'

/** What is looked at of a certificate. Applications make some by hand. */
export interface NamedCertificate {
  readonly subject?: { readonly CN?: string | readonly string[] | undefined } | null | undefined
  readonly subjectaltname?: string | null | undefined
}

export interface AltnameError extends Error {
  readonly code: string
  readonly reason: string
  readonly host: string
  readonly cert: NamedCertificate
}

/**
 * `undefined` if `cert` is for `hostname`, a name or an IP address; otherwise the error, `ERR_TLS_CERT_ALTNAME_INVALID`, which is
 * returned, not thrown. A name counts in the subject only where subjectaltname has none. Throws `ERR_TLS_CERT_ALTNAME_FORMAT` for a
 * subjectaltname that is no text of node:crypto's.
 */
export function checkServerIdentity(hostname: string, cert: NamedCertificate | PeerCertificate): AltnameError | undefined {
  const host = withoutRoot(String(hostname))
  const altNames = cert.subjectaltname
  const names = altNames ? splitAltNames(altNames) : []
  const reason = mismatch(host, cert, altNames, valuesOf(names, 'DNS:'), valuesOf(names, 'IP Address:'))
  if (reason === undefined) return undefined
  const message = `Hostname/IP does not match certificate's altnames: ${reason}`
  return nodeError('ERR_TLS_CERT_ALTNAME_INVALID', message, { reason, host, cert })
}

function mismatch(
  host: string, { subject }: NamedCertificate, altNames: NamedCertificate['subjectaltname'], dnsNames: readonly string[],
  addresses: readonly string[],
): string | undefined {
  if (isIP(host) !== 0) {
    const known = addresses.map(canonicalIp)
    return known.includes(canonicalIp(host)) ? undefined : `IP: ${host} is not in the cert's list: ${known.join(', ')}`
  }
  const labels = labelsOf(asAscii(host))
  if (dnsNames.length > 0) {
    return dnsNames.some((name) => matches(labels, name)) ? undefined : `Host: ${host}. is not in the cert's altnames: ${altNames}`
  }
  const commonName = subject?.CN
  if (!commonName) return 'Cert does not contain a DNS name'
  return [commonName].flat().some((name) => matches(labels, name)) ? undefined : `Host: ${host}. is not cert's CN: ${commonName}`
}

/** A name in other letters as DNS has it (UTS #46), where a full stop of another script parts labels, too; '' if it can be no name. */
function asAscii(host: string): string {
  if (/^[\x00-\x7f]*$/.test(host)) return host
  try {
    return withoutRoot(new URL(`http://${host}`).hostname)
  } catch {
    return ''
  }
}

/** One asterisk, in the leftmost of three labels or more, stands for part of a label. Not in a label of IDNA. */
function matches(host: readonly string[], pattern: string): boolean {
  const labels = labelsOf(pattern)
  if (labels.length !== host.length || !labels.every((label) => /^[\x21-\x7f]+$/.test(label))) return false
  if (!labels.slice(1).every((label, index) => label === host[index + 1])) return false
  const [wanted, first] = [labels[0]!, host[0]!]
  if (!wanted.includes('*') || wanted.includes('xn--')) return wanted === first
  const [before, after, ...more] = wanted.split('*') as [string, string, ...string[]]
  return more.length === 0 && labels.length > 2
    && before.length + after.length <= first.length && first.startsWith(before) && first.endsWith(after)
}

function labelsOf(name: string): string[] {
  return withoutRoot(name).replace(/[A-Z]/g, (letter) => letter.toLowerCase()).split('.')
}

function withoutRoot(name: string): string {
  return name.replace(/\.$/, '')
}

function valuesOf(names: readonly string[], kind: string): readonly string[] {
  return names.filter((name) => name.startsWith(kind)).map((name) => name.slice(kind.length))
}

/** At commas outside of JSON strings, which are read. */
function splitAltNames(text: string): string[] {
  const names = ['']
  for (const [token, string] of text.matchAll(/("(?:[^"\\\0-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|, |[^]/gy)) {
    if (string === undefined && token === '"') {
      throw nodeError('ERR_TLS_CERT_ALTNAME_FORMAT', 'Invalid subject alternative name string', {}, SyntaxError)
    }
    if (token === ', ') names.push('')
    else names[names.length - 1] += string === undefined ? token : JSON.parse(string) as string
  }
  return names
}
