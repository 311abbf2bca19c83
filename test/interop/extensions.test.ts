// Each X.509 extension that the lists of wasm/trim leave in: in a certificate of its own, as it should be, critical and broken, in the
// server's certificate and in its CA's. OpenSSL as it is, built for this machine, says what is to come of it.

import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { accept, CertificateError, connect, memoryTransportPair } from '../../src/index.js'
import { authority, file, localhost, openssl, temporaryAuthority } from '../helpers/certificates.js'
import { beforeAndAfter } from '../helpers/cuts.js'
import { openssl4 } from './peers/openssl4.js'

/** By the name of its method in OpenSSL's table: values that openssl's configuration files know. */
const extensions: Readonly<Record<string, readonly string[]>> = {
  'nscert': ['nsCertType=server', 'nsCertType=client', 'nsCertType=sslCA'],
  'skey_id': ['subjectKeyIdentifier=hash', 'subjectKeyIdentifier=01:02'],
  'key_usage': ['digitalSignature', 'keyCertSign', 'keyAgreement', 'cRLSign', 'digitalSignature,keyCertSign']
    .map((each) => `keyUsage=${each}`),
  'pkey_usage_period': ['2.5.29.16=DER:3022800f32303230303130313030303030305a810f32303530303130313030303030305a'],
  'alt[0]': ['DNS:localhost', 'DNS:*.example', 'IP:127.0.0.1', 'email:a@example.org', 'URI:https://example.org/', 'dirName:dn', 'RID:1.2.3',
    'otherName:1.2.3;UTF8:x'].map((each) => `subjectAltName=${each}`),
  'alt[1]': ['issuerAltName=DNS:issuer.example'],
  'bcons': ['CA:TRUE', 'CA:FALSE', 'CA:TRUE,pathlen:0', 'CA:TRUE,pathlen:5'].map((each) => `basicConstraints=${each}`),
  'crl_num': ['2.5.29.20=DER:020101'],
  'cpols': ['certificatePolicies=1.2.3.4', 'certificatePolicies=2.5.29.32.0', 'certificatePolicies=1.2.3.4,@policy'],
  'akey_id': ['authorityKeyIdentifier=keyid', 'authorityKeyIdentifier=keyid,issuer:always', '2.5.29.35=DER:300480020102'],
  'crld': ['crlDistributionPoints=URI:http://example.org/a.crl', 'crlDistributionPoints=points'],
  'ext_ku': ['serverAuth', 'clientAuth', 'serverAuth,clientAuth', 'anyExtendedKeyUsage', '1.2.3.4']
    .map((each) => `extendedKeyUsage=${each}`),
  'delta_crl': ['2.5.29.27=DER:020101'],
  'crl_reason': ['2.5.29.21=DER:0a0101'],
  'crl_invdate': ['2.5.29.24=DER:180f32303230303130313030303030305a'],
  'info': ['authorityInfoAccess=OCSP;URI:http://example.org/,caIssuers;URI:http://example.org/ca'],
  'ocsp_nonce': ['1.3.6.1.5.5.7.48.1.2=DER:0401ff'],
  'ocsp_nocheck': ['noCheck=ignored'],
  'sinfo': ['subjectInfoAccess=caRepository;URI:http://example.org/'],
  'policy_constraints': ['policyConstraints=requireExplicitPolicy:3', 'policyConstraints=inhibitPolicyMapping:0'],
  'name_constraints': ['permitted;DNS:localhost', 'permitted;DNS:example', 'excluded;DNS:localhost', 'excluded;DNS:example',
    'permitted;IP:10.0.0.0/255.0.0.0', 'permitted;email:example.org', 'permitted;URI:.example.org', 'permitted;dirName:dn',
    'permitted;RID:1.2.3'].map((each) => `nameConstraints=${each}`),
  'policy_mappings': ['policyMappings=1.2.3.4:1.2.3.5'],
  'inhibit_anyp': ['inhibitAnyPolicy=2'],
  'idp': ['issuingDistributionPoint=onlyuser:TRUE'],
  'alt[2]': ['2.5.29.29=DER:30088206612e74657374'],
  'freshest_crl': ['freshestCRL=URI:http://example.org/delta.crl'],
  'ct_scts[0]': ['1.3.6.1.4.1.11129.2.4.2=DER:04020000'],
  'ct_scts[1]': ['1.3.6.1.4.1.11129.2.4.3=DER:0500'],
  'ct_scts[2]': ['1.3.6.1.4.1.11129.2.4.5=DER:04020000'],
  'tls_feature': ['tlsfeature=status_request_v2'], // status_request is tried by the tests of OCSP
}
const SECTIONS = `
[dn]
CN=a name
[policy]
policyIdentifier=1.2.3.5
CPS.1=http://example.org/
[points]
fullname=URI:http://example.org/b.crl
reasons=keyCompromise
`

const request = (name: string, keyFile: string) => {
  const path = file(`extensions-${name}.csr`)
  openssl('req', '-new', '-key', keyFile, '-subj', `/CN=${name}`, '-out', path)
  return path
}
const issuing = temporaryAuthority('an issuing CA').ca
const requests = { leaf: request('a server', localhost.keyFile), ca: request('an issuing CA', issuing.keyFile) }
let made = 0

/** With what every certificate has unless `line` is it, and with `line`. */
function certificate(who: 'leaf' | 'ca', line: string | undefined, by: { readonly certFile: string; readonly keyFile: string }) {
  const [certFile, words] = [file(`extensions-${++made}.pem`), file(`extensions-${made}.cnf`)]
  const usual = who === 'ca' ? ['basicConstraints=critical,CA:TRUE'] : ['basicConstraints=CA:FALSE', 'subjectAltName=DNS:localhost']
  const kept = usual.filter((each) => each.split('=')[0] !== line?.split('=')[0])
  writeFileSync(words, `[ext]\n${[...kept, ...(line === undefined ? [] : [line])].join('\n')}\n${SECTIONS}`)
  openssl4('x509', '-req', '-in', requests[who], '-CA', by.certFile, '-CAkey', by.keyFile, '-set_serial', String(made), '-days', '9',
    '-extfile', words, '-extensions', 'ext', '-out', certFile)
  return { certFile, cert: readFileSync(certFile, 'utf8') }
}

/** The number of OpenSSL's verification result; 0 is good. */
function expected(leaf: string, ca: string): number {
  try {
    openssl4('verify', '-purpose', 'sslserver', '-verify_hostname', 'localhost', '-CAfile', authority.ca.certFile, '-untrusted', ca, leaf)
    return 0
  } catch (error) {
    return Number(/^error (\d+) at \d+ depth lookup/m.exec((error as { stderr: string }).stderr)![1])
  }
}

async function ours(cert: string): Promise<number> {
  const [near, far] = memoryTransportPair()
  const server = accept(far, { cert, key: localhost.key })
  const client = connect(near, { servername: 'localhost', ca: authority.ca.cert })
  const result = await client.opened.then(() => 0, (error: unknown) => {
    if (error instanceof CertificateError) return error.verifyCode
    throw error
  })
  await Promise.allSettled([client.close(), server.close()])
  return result
}

it('are those of OpenSSL that the lists leave in', () => {
  const [, after] = beforeAndAfter('crypto/x509/standard_exts.h')
  const left = [...after.replace(/#ifndef OPENSSL_NO_RFC3779[^]*?#endif/, '').matchAll(/&ossl_v3_(\w+(?:\[\d\])?),/g)]
  expect(Object.keys(extensions).sort()).toEqual(left.map(([, name]) => name).sort())
})

const seen = new Set<number>()
describe.each(Object.entries(extensions))('%s', (_, lines) => {
  const [name] = lines[0]!.split('=')
  const forms = lines.flatMap((line) => [line, line.replace('=', '=critical,')])
  it.each([...forms, `${name}=DER:0500`, `${name}=critical,DER:0500`])('%s is judged as by OpenSSL', { timeout: 60_000 }, async (line) => {
    for (const who of ['leaf', 'ca'] as const) {
      const ca = certificate('ca', who === 'ca' ? line : undefined, authority.ca)
      const leaf = certificate('leaf', who === 'leaf' ? line : undefined, { certFile: ca.certFile, keyFile: issuing.keyFile })
      const result = await ours(leaf.cert + ca.cert)
      expect([who, result]).toEqual([who, expected(leaf.certFile, ca.certFile)])
      seen.add(result)
    }
  })
})

it('were found good and bad', () => { expect(seen.size).toBeGreaterThan(6) })
