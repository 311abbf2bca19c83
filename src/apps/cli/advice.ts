// What somebody at the command line can do about a refusal.

import { CertificateError, EchRejectedError, TlsError, TransportError } from '../../base/errors.js'
import type { Diagnosis } from './diagnosis.js'
import { isPlainName, time } from './chain.js'

/** Sentences, the most likely first; empty where the error's own words say it all. */
export function adviceFor({ role, error, info, chain }: Diagnosis): readonly string[] {
  const hints = error instanceof CertificateError ? HINTS.filter(([words]) => error.message.includes(words)).map(([, hint]) => hint) : []
  if (role === 'server') return error instanceof CertificateError ? [FOR_CLIENTS, ...hints] : []
  if (error instanceof EchRejectedError && error.retryConfigList) {
    return [`try once more with the list that the server offers: --ech ${Buffer.from(error.retryConfigList).toString('base64')}`]
  }
  if (error instanceof TransportError) return network[(error.cause as NodeJS.ErrnoException | undefined)?.code ?? ''] ?? []
  if (error instanceof TlsError && Object.hasOwn(others, error.code)) return others[error.code]!
  const good = error === undefined ? info?.verifyResult === 'X509_V_OK' : !(error instanceof CertificateError)
  if (!chain || good) return []
  const codes = new Set(chain.links.flatMap(({ faults }) => faults.map(({ code }) => code)))
  if (error instanceof CertificateError) codes.add(error.code)
  const [leaf] = chain.links
  const names = leaf ? [...leaf.certificate.names.dns, ...leaf.certificate.names.ip] : []
  const situation = { issuer: chain.issuer ?? leaf?.certificate.issuer ?? 'the issuer', names }
  return [...new Set([...hints, ...[...codes].flatMap((code) => sentences[code]?.(situation) ?? [])])]
}

const FOR_CLIENTS = 'the client needs a certificate that is in date, and that one of --ca has issued'

/** What core/certificate-refusal.ts says beyond a code, and what to make of it here. */
const HINTS: readonly (readonly [words: string, hint: string])[] = [
  [
    'Another trust anchor has the same name',
    'another trust anchor has the same name: the CA was made anew, and one side still has the old certificate',
  ],
  ['several trust anchors have the name', 'several trust anchors have the name of its issuer: give only the one that has issued it'],
  ['among the trust anchors itself', 'it is among the trust anchors itself, and no root: --partial-chain takes such anchors'],
]

interface Case {
  readonly issuer: string
  readonly names: readonly string[]
}

const TRUST = ({ issuer }: Case) => [
  `if you trust ${issuer}, get its certificate from the server's operator, and give it as --ca FILE, or as --additional-ca FILE beside `
    + 'the roots of Node',
]

const STAPLE = () => ["the server's operator must have it staple a new response, about this certificate and by its own CA"]

const UNREACHED = ["nothing answers there: check host and port, this machine's network, and the firewalls between"]

/** By Node's codes. */
const network: Readonly<Record<string, readonly string[]>> = {
  ECONNREFUSED: ['nothing listens on that port, or a firewall refuses: check host and port, and that the server runs'],
  ENOTFOUND: ['the name has no address: check how it is spelt'],
  EAI_AGAIN: ["no name server answers: check this machine's network"],
  EHOSTUNREACH: UNREACHED,
  ENETUNREACH: UNREACHED,
  ETIMEDOUT: UNREACHED,
  ECONNRESET: [
    'the server, or a firewall before it, has cut the connection without a word: check that this port speaks TLS, and ask its operator',
  ],
}

/** By other codes. */
const others: Readonly<Record<string, readonly string[]>> = {
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: ['the server is not there for the name that it was asked for: give another one as --servername NAME'],
  ERR_TLS_PLAINTEXT_TIMEOUT: ['if TLS comes first on this port, leave out --starttls; if another protocol does, give its name'],
}

const sentences: Readonly<Record<string, (situation: Case) => readonly string[]>> = {
  CERT_HAS_EXPIRED: () => [`the server's operator must renew it, unless the clock of this machine is wrong: it says ${time(new Date())}`],
  CERT_NOT_YET_VALID: () => [`wait, or set the clock of this machine: it says ${time(new Date())}`],
  ERR_TLS_CERT_ALTNAME_INVALID: ({ names }) => [
    names.length === 0 ? "the server's operator must have a certificate issued that holds a name"
      : 'connect to a name that it is for; if this is the right server, say which one is right: --servername '
        + `${names.find((name) => isPlainName(name) && !name.includes('*')) ?? 'NAME'}`,
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: (one) => [
    ...TRUST(one), 'if that is an intermediate certificate, the server should send it: browsers may know it from elsewhere',
  ],
  UNABLE_TO_GET_ISSUER_CERT: (one) => [...TRUST(one), 'or trust what was given although it is no root: --partial-chain'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: TRUST,
  SELF_SIGNED_CERT_IN_CHAIN: TRUST,
  DEPTH_ZERO_SELF_SIGNED_CERT: () => [
    "if it is the right one: --save-chain server.pem, compare the SHA-256 above with what the server's operator says, then --ca server.pem",
  ],
  EE_KEY_TOO_SMALL: () => ["the server's operator needs a stronger key; until then: --dangerously-low-security-level 1"],
  CA_KEY_TOO_SMALL: () => ['the CA needs a stronger key; until then: --dangerously-low-security-level 1'],
  CA_MD_TOO_WEAK: () => ['the CA must sign by SHA-256 or better; until then: --dangerously-low-security-level 0'],
  CERT_REVOKED: () => [
    "do not go on: its issuer has revoked it, and its key may be in the wrong hands. The server's operator needs a new one",
  ],
  INVALID_PURPOSE: () => ["the server's operator needs a certificate that is meant for servers, and whose issuer is meant to issue them"],
  INVALID_CA: () => ["do not go on: who has issued the certificate may not issue any. The server's operator needs one of a CA"],
  UNABLE_TO_GET_CRL: () => ['give the revocation list of each issuer in the chain, the root too: --crl FILE, once for each'],
  CRL_HAS_EXPIRED: () => ['get the newest list from its issuer for --crl'],
  CERT_SIGNATURE_FAILURE: () => ['it has been altered, or two CAs have one name: give the one that has issued it as --ca FILE'],
  OCSP_CERT_UNKNOWN: STAPLE,
  OCSP_SIGNATURE_FAILURE: STAPLE,
  OCSP_HAS_EXPIRED: STAPLE,
  OCSP_RESP_INVALID: STAPLE,
  OCSP_NO_RESPONSE: () => ['the server must staple a response; without --ocsp require one is needed only if its certificate promises one'],
}
