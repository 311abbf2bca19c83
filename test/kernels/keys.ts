// Keys of libcrypto and what is done with them.

import type { LibCrypto } from './libcrypto.js'

const NID_X9_62_prime256v1 = 415
/** RSA_PKCS1_PADDING and its like. */
export const PADDING = { pkcs1: 1, none: 3, oaep: 4, pss: 6 } as const
export type Padding = keyof typeof PADDING

/** An EVP_PKEY. */
export class Key {
  readonly lib: LibCrypto
  readonly pkey: number

  private constructor(lib: LibCrypto, pkey: number) {
    this.lib = lib
    this.pkey = pkey
  }

  /** Of PKCS #8, SEC 1 or PKCS #1. */
  static privateKey(lib: LibCrypto, der: Uint8Array): Key {
    return Key.#read(lib, 'd2i_AutoPrivateKey', der)
  }

  /** Of a SubjectPublicKeyInfo. */
  static publicKey(lib: LibCrypto, der: Uint8Array): Key {
    return Key.#read(lib, 'd2i_PUBKEY', der)
  }

  static #read(lib: LibCrypto, how: 'd2i_AutoPrivateKey' | 'd2i_PUBKEY', der: Uint8Array): Key {
    return lib.with([der, new Uint8Array(4)], (at, pointer) => {
      lib.writeSize(pointer!, at!)
      return new Key(lib, lib.must(how, 0, pointer!, der.length))
    })
  }

  /** Of the bytes of an X25519 key. */
  static x25519(lib: LibCrypto, which: 'private' | 'public', bytes: Uint8Array): Key {
    return lib.with(
      ['X25519', bytes], (name, at) => new Key(lib, lib.must(`EVP_PKEY_new_raw_${which}_key_ex`, 0, name!, 0, at!, bytes.length)),
    )
  }

  /** A new one on P-256. */
  static generate(lib: LibCrypto): Key {
    return lib.with(['EC', new Uint8Array(4)], (name, pointer) => {
      const ctx = lib.must('EVP_PKEY_CTX_new_from_name', 0, name!, 0)
      try {
        lib.must('EVP_PKEY_keygen_init', ctx)
        lib.must('EVP_PKEY_CTX_set_ec_paramgen_curve_nid', ctx, NID_X9_62_prime256v1)
        lib.must('EVP_PKEY_generate', ctx, pointer!)
        return new Key(lib, lib.readSize(pointer!))
      } finally {
        lib.call['EVP_PKEY_CTX_free']!(ctx)
      }
    })
  }

  free(): void {
    this.lib.call['EVP_PKEY_free']!(this.pkey)
  }

  privateDer(): Buffer {
    return this.#write('i2d_PrivateKey')
  }

  publicDer(): Buffer {
    return this.#write('i2d_PUBKEY')
  }

  #write(how: 'i2d_PrivateKey' | 'i2d_PUBKEY'): Buffer {
    const { lib, pkey } = this
    return lib.with([new Uint8Array(4)], (pointer) => {
      lib.writeSize(pointer!, lib.output)
      return lib.read(lib.output, lib.must(how, pkey, pointer!))
    })
  }

  /** The secret that this key and `peer` share. */
  derive(peer: Key): Buffer {
    return this.#operate('derive', (ctx) => {
      this.lib.must('EVP_PKEY_derive_set_peer', ctx, peer.pkey)
    })
  }

  /** Signs a digest, or with padding `none` a number of the modulus's length. */
  sign(digest: Uint8Array, padding?: Padding): Buffer {
    return this.#operate('sign', (ctx) => this.#pad(ctx, padding), digest)
  }

  /** Decrypts by RSA. @param oaepDigest of OAEP, for example `SHA256` */
  decrypt(text: Uint8Array, padding: Padding, oaepDigest?: string): Buffer {
    return this.#operate('decrypt', (ctx) => this.#pad(ctx, padding, oaepDigest), text)
  }

  /** Signs `message` by its digest, for example `SHA256`. */
  signMessage(message: Uint8Array, md: string, padding?: Padding): Buffer {
    const { lib, pkey } = this
    return this.#digestContext('Sign', md, padding, (ctx) => lib.with([message, new Uint8Array(4)], (at, size) => {
      lib.writeSize(size!, 1024)
      lib.must('EVP_DigestSign', ctx, lib.output, size!, at!, message.length)
      return lib.read(lib.output, lib.readSize(size!))
    }), pkey)
  }

  /** Whether `signature` is one of `message`; what OpenSSL cannot read is none. */
  verifyMessage(message: Uint8Array, signature: Uint8Array, md: string, padding?: Padding, saltLength?: number): boolean {
    const { lib, pkey } = this
    return this.#digestContext('Verify', md, padding, (ctx) => lib.with([signature, message], (at, text) => {
      const result = lib.call['EVP_DigestVerify']!(ctx, at!, signature.length, text!, message.length)
      lib.call['ERR_clear_error']!()
      return result === 1
    }), pkey, saltLength)
  }

  #digestContext<T>(
    what: 'Sign' | 'Verify', md: string, padding: Padding | undefined, body: (ctx: number) => T, pkey: number, saltLength?: number,
  ): T {
    const { lib } = this
    const ctx = lib.must('EVP_MD_CTX_new')
    try {
      return lib.with([md, new Uint8Array(4)], (name, pointer) => {
        lib.must(`EVP_Digest${what}Init_ex`, ctx, pointer!, name!, 0, 0, pkey, 0)
        this.#pad(lib.readSize(pointer!), padding)
        if (saltLength !== undefined) lib.must('EVP_PKEY_CTX_set_rsa_pss_saltlen', lib.readSize(pointer!), saltLength)
        return body(ctx)
      })
    } finally {
      lib.call['EVP_MD_CTX_free']!(ctx)
    }
  }

  #pad(ctx: number, padding: Padding | undefined, oaepDigest?: string): void {
    const { lib } = this
    if (padding !== undefined) lib.must('EVP_PKEY_CTX_set_rsa_padding', ctx, PADDING[padding])
    if (oaepDigest !== undefined) lib.with([oaepDigest], (name) => lib.must('EVP_PKEY_CTX_set_rsa_oaep_md_name', ctx, name!, 0))
  }

  #operate(what: 'derive' | 'sign' | 'decrypt', prepare: (ctx: number) => void, input?: Uint8Array): Buffer {
    const { lib, pkey } = this
    const ctx = lib.must('EVP_PKEY_CTX_new', pkey, 0)
    try {
      lib.must(`EVP_PKEY_${what}_init`, ctx)
      prepare(ctx)
      return lib.with([input ?? new Uint8Array(), new Uint8Array(4)], (at, size) => {
        lib.writeSize(size!, 1024)
        lib.must(`EVP_PKEY_${what}`, ctx, lib.output, size!, ...(input ? [at!, input.length] : []))
        return lib.read(lib.output, lib.readSize(size!))
      })
    } finally {
      lib.call['EVP_PKEY_CTX_free']!(ctx)
    }
  }
}
