// The certificates as a tree: who issued whom, the trust anchor at the top, the server's own at the bottom.

import type { X509 } from 'libssl-wasm'
import { breakable, bytes, definitions, element } from './dom.js'

/** @param chain as the server sent it: its own first */
export function certificateTree(chain: readonly X509[]): HTMLElement {
  const nodes = chain.map((certificate, depth) => describe(certificate, depth === 0 ? 'server' : 'intermediate', depth === 0))
  const top = chain.at(-1)
  if (top && top.issuer !== top.subject) nodes.push(anchor(top.issuer, 'trust anchor', 'Not sent: the page has it.'))
  return nest(nodes)
}

/** What is known when verification has failed: the certificate to blame, and who issued it. */
export function failedCertificate(certificate: X509, depth: number, code: string): HTMLElement {
  const failed = describe(certificate, depth === 0 ? 'server' : `depth ${depth}`, true, code)
  return nest(certificate.issuer === certificate.subject ? [failed] : [failed, anchor(certificate.issuer, 'issuer')])
}

/** @param nodes each one's issuer after it */
function nest(nodes: readonly HTMLLIElement[]): HTMLElement {
  const [first, ...issuers] = nodes
  let tree = element('ul', { className: 'tree' }, ...(first ? [first] : []))
  for (const issuer of issuers) {
    issuer.append(tree)
    tree = element('ul', { className: 'tree' }, issuer)
  }
  return tree
}

function describe(certificate: X509, role: string, open: boolean, failure?: string): HTMLLIElement {
  const { subject, subjectAltName, validFrom, validTo, serialNumber, fingerprint256, raw } = certificate
  const details = element('details', {},
    summary(subject, role, failure),
    definitions({
      'Names': subjectAltName === '' ? undefined : subjectAltName.replaceAll('IP Address:', 'IP:'),
      'Valid': `${day(validFrom)} to ${day(validTo)}`,
      'Serial': serialNumber,
      'SHA-256': breakable(fingerprint256, 'fingerprint'),
      'Size': `${bytes(raw.byteLength)} of DER`,
    }))
  details.open = open
  return element('li', { data: { role, ...(failure !== undefined && { failure }) } }, details)
}

function anchor(name: string, role: string, words = ''): HTMLLIElement {
  return element('li', { data: { role } }, element('p', { className: 'anchor' }, name, ' ', element('span', { className: 'tag' }, role)),
    ...(words ? [element('p', { className: 'hint' }, words)] : []))
}

function summary(subject: string, role: string, failure: string | undefined): HTMLElement {
  return element('summary', {}, subject, ' ', element('span', { className: failure === undefined ? 'tag' : 'tag failed' }, failure ?? role))
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10)
}
