// Certificates with a subject as long as one wants. They are well-formed, and signed by nobody.

import { splitDer } from '../../src/base/der.js'
import { localhost } from './certificates.js'

const SEQUENCE = 0x30
const SET = 0x31
const UTF8_STRING = 0x0c
const COMMON_NAME = Uint8Array.of(0x06, 3, 0x55, 4, 3)

/** DER. Its subject, as DER, has `subjectBytes`: 300 or more. */
export function certificateWithSubjectOf(subjectBytes: number): Uint8Array<ArrayBuffer> {
  const [whole] = splitDer(new Uint8Array(Buffer.from(localhost.cert.replace(/-----[^-]+-----/g, ''), 'base64')))
  const [signed, algorithm, signature] = partsOf(whole!)
  const [version, serial, signedBy, issuer, validity, , ...others] = partsOf(signed!)
  return element(
    SEQUENCE, element(SEQUENCE, version!, serial!, signedBy!, issuer!, validity!, nameOf(subjectBytes), ...others), algorithm!, signature!,
  )
}

function nameOf(bytes: number): Uint8Array<ArrayBuffer> {
  const name = (letters: number) => {
    const value = element(UTF8_STRING, new Uint8Array(letters).fill(0x61))
    return element(SEQUENCE, element(SET, element(SEQUENCE, COMMON_NAME, value)))
  }
  const overhead = name(bytes).byteLength - bytes
  return name(bytes - overhead)
}

/** The elements within an element. */
export function partsOf(der: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const first = der[1]!
  return splitDer(der.slice(first < 0x80 ? 2 : 2 + (first & 0x7f)))
}

export function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const content = Buffer.concat(parts)
  const length = content.byteLength
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return Uint8Array.of(tag, ...(length < 0x80 ? [length] : [0x80 | octets.length, ...octets]), ...content)
}

/** As PEM. */
export function pemOf(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
}
