// docs/errors.md: each code has a text, and each text is of a code that there is.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { load } from '../../src/core/load.js'
import { reasonOf } from '../../src/core/err-queue.js'
import { SslCtx } from '../../src/core/ssl-ctx.js'
import { X509_V_ERR_NAMES } from '../../src/ffi/constants.gen.js'
import { codeTexts, errorsPage } from '../../tools/error-codes.js'

const source = join(import.meta.dirname, '../../src')
const texts = codeTexts()
const codesOf = (...names: readonly string[]) => names.flatMap((name) => texts[name]!.map(({ code }) => code))
const documented = new Set(Object.values(texts).flat().map(({ code }) => code))
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/[.-](gen|codes)\.ts$/.test(file))

describe('docs/errors.md', () => {
  it('is what src says of its codes', () => {
    const { old, wanted } = errorsPage()
    expect(old, 'run npm run errors -- --write').toBe(wanted)
  })

  it('has every code that src names', () => {
    expect(files.length).toBeGreaterThan(200)
    const named =
      files.flatMap((file) => [...readFileSync(join(source, file), 'utf8').matchAll(/(?<=['`])(?:ERR|WARN)_[A-Z0-9_]*[A-Z0-9](?=['`])/g)]
      .map(([code]) => `${code} (${file})`))
    expect(named.length).toBeGreaterThan(200)
    // Node's own parser of arguments has that one, and nobody gets it: the command line says it in its own words.
    expect(named.filter((one) => !documented.has(one.split(' ')[0]!) && !one.startsWith('ERR_PARSE_ARGS_'))).toEqual([])
  })

  it('has every verification result of OpenSSL, and no other', () => {
    const known = X509_V_ERR_NAMES.split(' ')
    const told = codesOf('CertificateErrorCodes', 'RareCertificateErrorCodes', 'UnusedCertificateErrorCodes')
      .filter((code) => !code.startsWith('ERR_TLS_'))
    expect(told.sort()).toEqual(known.sort())
  })

  it('has no reason that OpenSSL does not have', async () => {
    const lib = await load()
    // With its first error OpenSSL loads its texts.
    expect(() => new SslCtx(lib, 'TLS_client_method').setCipherList('none'))
      .toThrow(expect.objectContaining({ code: 'ERR_SSL_NO_CIPHER_MATCH' }))
    // ERR_PACK: the library stands above 23 bits of the reason. 9: PEM, 13: ASN.1, 20: SSL.
    const reasons = new Set(
      [9, 13, 20].flatMap((library) => Array.from({ length: 1500 }, (_, reason) => reasonOf(lib, library << 23 | reason).code as string)),
    )
    expect(codesOf('AlertErrorCodes', 'OpensslErrorCodes').filter((code) => !reasons.has(code))).toEqual([])
  })
})
