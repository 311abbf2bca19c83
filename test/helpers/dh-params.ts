// Diffie-Hellman parameters as PEM.

import { getDiffieHellman } from 'node:crypto'

/** PKCS#3's form of one of RFC 3526's groups, or of RFC 2409's, whose generator is 2. */
export function dhParams(group: string): string {
  const prime = getDiffieHellman(group).getPrime()
  const size = (bytes: number) => [0x82, bytes >> 8, bytes & 0xff]
  const numbers = Buffer.concat([Buffer.from([0x02, ...size(prime.length + 1), 0]), prime, Buffer.from([0x02, 1, 2])])
  const der = Buffer.concat([Buffer.from([0x30, ...size(numbers.length)]), numbers])
  return `-----BEGIN DH PARAMETERS-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END DH PARAMETERS-----\n`
}
