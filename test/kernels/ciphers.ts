// Ciphers and digests of libcrypto, piece by piece.

import { OpensslFailure, type LibCrypto } from './libcrypto.js'

const EVP_CTRL_AEAD_SET_IVLEN = 0x9
const EVP_CTRL_AEAD_GET_TAG = 0x10
const EVP_CTRL_AEAD_SET_TAG = 0x11

const LONGEST_PADDING = 16

export interface CipherInput {
  /** Left out: the one of the message before. */
  readonly key?: Uint8Array | undefined
  readonly iv: Uint8Array
  /** Additional data of an AEAD, in the pieces in which it is given. */
  readonly aad?: readonly Uint8Array[]
  /** The tag to expect, when an AEAD decrypts; or how many bytes of one to make. */
  readonly tag?: Uint8Array | number
  /** Fill up the last block, as by PKCS #7. Default false. */
  readonly padding?: boolean
}

/** How the text is handed over. Default: in one piece, to another place. */
export interface Manner {
  /** Sizes of the pieces; what is left is one more piece. */
  readonly pieces?: readonly number[]
  /** Each piece is written to where it is read. */
  readonly inPlace?: boolean
  /** How far behind the beginning of memory that malloc gives input and output begin. */
  readonly inputAt?: number
  readonly outputAt?: number
}

export interface CipherOutput {
  readonly text: Buffer
  /** Of an AEAD that encrypts. */
  readonly tag: Buffer
}

/** An EVP_CIPHER_CTX, for one message or for several. */
export class Cipher {
  readonly #lib: LibCrypto
  readonly #encrypt: boolean
  readonly #ccm: boolean
  readonly #ctx: number

  /** @param name OpenSSL's, for example `AES-128-GCM` */
  constructor(lib: LibCrypto, name: string, encrypt: boolean) {
    this.#lib = lib
    this.#encrypt = encrypt
    this.#ccm = name.endsWith('CCM')
    this.#ctx = lib.must('EVP_CIPHER_CTX_new')
    lib.must('EVP_CipherInit_ex2', this.#ctx, lib.fetch('CIPHER', name), 0, 0, Number(encrypt), 0)
  }

  free(): void {
    this.#lib.call['EVP_CIPHER_CTX_free']!(this.#ctx)
  }

  /** Encrypts or decrypts `text`. Throws {@link OpensslFailure} if OpenSSL refuses, a wrong tag included. */
  run(input: CipherInput, text: Uint8Array, manner: Manner = {}): CipherOutput {
    const { key, iv, tag = 0, padding = false } = input
    const wanted = typeof tag === 'number' ? new Uint8Array(tag) : tag
    return this.#lib.with([key ?? '', iv, wanted, new Uint8Array(4)], (keyAt, ivAt, tagAt, sizeAt) => {
      this.#begin(key ? keyAt! : 0, iv.length, ivAt!, wanted.length, tagAt!, padding)
      const update = (to: number, from: number, length: number) => {
        this.#lib.must('EVP_CipherUpdate', this.#ctx, to, sizeAt!, from, length)
        return this.#lib.readSize(sizeAt!)
      }
      if (this.#ccm) update(0, 0, text.length)
      for (const piece of input.aad ?? []) this.#lib.with([piece], (at) => update(0, at!, piece.length))
      return this.#text(text, manner, update, wanted.length, tagAt!, sizeAt!)
    })
  }

  /**
   * One record of an AEAD again and again, with the key of the last {@link run}: no byte leaves WebAssembly, so that it is alone measured.
   */
  repeat({ iv, aad: [aad] = [], tag }: Required<Pick<CipherInput, 'iv' | 'aad' | 'tag'>>, text: Uint8Array): () => void {
    const [lib, ctx] = [this.#lib, this.#ctx]
    const place = (bytes: Uint8Array) => {
      const at = lib.must('malloc', bytes.length)
      lib.memory.set(bytes, at)
      return at
    }
    const wanted = typeof tag === 'number' ? new Uint8Array(tag) : tag
    const [
      ivAt, aadAt, tagAt, sizeAt, from,
    ] = [iv, aad!, wanted, new Uint8Array(4), text].map(place) as [number, number, number, number, number]
    return () => {
      this.#begin(0, iv.length, ivAt, wanted.length, tagAt, false)
      lib.must('EVP_CipherUpdate', ctx, 0, sizeAt, aadAt, aad!.length)
      lib.must('EVP_CipherUpdate', ctx, lib.output, sizeAt, from, text.length)
      lib.must('EVP_CipherFinal_ex', ctx, lib.output, sizeAt)
      if (this.#encrypt) lib.must('EVP_CIPHER_CTX_ctrl', ctx, EVP_CTRL_AEAD_GET_TAG, wanted.length, tagAt)
    }
  }

  #begin(keyAt: number, ivLength: number, ivAt: number, tagLength: number, tagAt: number, padding: boolean): void {
    const [lib, ctx] = [this.#lib, this.#ctx]
    if (tagLength > 0) {
      lib.must('EVP_CIPHER_CTX_ctrl', ctx, EVP_CTRL_AEAD_SET_IVLEN, ivLength, 0)
      if (!this.#encrypt || this.#ccm) lib.must('EVP_CIPHER_CTX_ctrl', ctx, EVP_CTRL_AEAD_SET_TAG, tagLength, this.#encrypt ? 0 : tagAt)
    }
    lib.must('EVP_CipherInit_ex2', ctx, 0, keyAt, ivLength > 0 ? ivAt : 0, Number(this.#encrypt), 0)
    lib.must('EVP_CIPHER_CTX_set_padding', ctx, Number(padding))
  }

  #text(
    text: Uint8Array, manner: Manner, update: (to: number, from: number, length: number) => number, tagLength: number, tagAt: number,
    sizeAt: number,
  ) {
    const lib = this.#lib
    const [inputAt, outputAt] = [manner.inputAt ?? 0, manner.outputAt ?? 0]
    // Memory that ends where the text ends: a sanitizer sees what is read beyond it, or, in place, written.
    const input = Buffer.concat([new Uint8Array(inputAt), text])
    return lib.with([input, new Uint8Array(outputAt + text.length + LONGEST_PADDING)], (inputMemory, outputMemory) => {
      const from = inputMemory! + inputAt
      const to = manner.inPlace ? from : outputMemory! + outputAt
      let [read, written] = [0, 0]
      for (const size of [...manner.pieces ?? [], text.length]) {
        const length = Math.min(size, text.length - read)
        if (length === 0 && !this.#ccm) continue
        written += update(to + written, from + read, length)
        read += length
      }
      if (!this.#ccm) { // it has no end of its own
        lib.must('EVP_CipherFinal_ex', this.#ctx, to + written, sizeAt)
        written += lib.readSize(sizeAt)
      }
      if (tagLength > 0 && this.#encrypt) lib.must('EVP_CIPHER_CTX_ctrl', this.#ctx, EVP_CTRL_AEAD_GET_TAG, tagLength, tagAt)
      return { text: lib.read(to, written), tag: lib.read(tagAt, tagLength) }
    })
  }
}

/** One message. @param name OpenSSL's, for example `AES-128-GCM` */
export function cipher(
  lib: LibCrypto, name: string, encrypt: boolean, input: CipherInput, text: Uint8Array, manner?: Manner,
): CipherOutput {
  const one = new Cipher(lib, name, encrypt)
  try {
    return one.run(input, text, manner)
  } finally {
    one.free()
  }
}

/** What `body` gives, or undefined if OpenSSL refuses. */
export function unlessRefused<T>(body: () => T): T | undefined {
  try {
    return body()
  } catch (error) {
    if (error instanceof OpensslFailure) return undefined
    throw error
  }
}

/** A digest over `pieces`, each at another alignment. */
export function digest(lib: LibCrypto, name: string, pieces: readonly Uint8Array[]): Buffer {
  const ctx = lib.must('EVP_MD_CTX_new')
  try {
    lib.must('EVP_DigestInit_ex2', ctx, lib.fetch('MD', name), 0)
    for (const [index, piece] of pieces.entries()) {
      const skipped = index % 16
      const bytes = Buffer.concat([new Uint8Array(skipped), piece])
      lib.with([bytes], (at) => lib.must('EVP_DigestUpdate', ctx, at! + skipped, piece.length))
    }
    return lib.with([new Uint8Array(64), new Uint8Array(4)], (out, size) => {
      lib.must('EVP_DigestFinal_ex', ctx, out!, size!)
      return lib.read(out!, lib.readSize(size!))
    })
  } finally {
    lib.call['EVP_MD_CTX_free']!(ctx)
  }
}
