// What the kernels are tried at: a name, and one random case.

import { aead, hash, mode, type CipherCase } from './cipher-cases.js'
import { p256, rsa, x25519, type KeyCase } from './key-cases.js'

/** By the length of a message. */
export const ciphers: Readonly<Record<string, CipherCase>> = {
  'AES-128-GCM': aead('AES-128-GCM', 16),
  'AES-192-GCM': aead('AES-192-GCM', 24),
  'AES-256-GCM': aead('AES-256-GCM', 32),
  'AES-128-CTR': mode('AES-128-CTR', 16, 16),
  'AES-192-CTR': mode('AES-192-CTR', 24, 16),
  'AES-256-CTR': mode('AES-256-CTR', 32, 16),
  'AES-128-CBC': mode('AES-128-CBC', 16, 16, 16),
  'AES-256-CBC': mode('AES-256-CBC', 32, 16, 16),
  'AES-128-ECB': mode('AES-128-ECB', 16, 0, 16),
  'AES-192-ECB': mode('AES-192-ECB', 24, 0, 16),
  'AES-256-CFB': mode('AES-256-CFB', 32, 16),
  'AES-192-OFB': mode('AES-192-OFB', 24, 16),
  'AES-128-CCM': aead('AES-128-CCM', 16),
  'AES-256-CCM': aead('AES-256-CCM', 32),
  'ChaCha20-Poly1305': aead('ChaCha20-Poly1305', 32),
  ChaCha20: mode('ChaCha20', 32, 16),
  SHA256: hash('SHA256'),
  SHA224: hash('SHA224'),
}

export const keys: Readonly<Record<string, KeyCase>> = {
  'P-256': p256,
  X25519: x25519,
  'RSA-2048': rsa(2048),
  'RSA-3072': rsa(3072),
  'RSA-4096': rsa(4096),
  'RSA-1024': rsa(1024),
}

/** Of a message; each length from 0 to it is tried. */
export const LONGEST_BYTES = 20_000

/** The length of case `index`: in so many cases as there are lengths, each once. */
export function lengthOf(index: number): number {
  return (index * 7919) % (LONGEST_BYTES + 1)
}
