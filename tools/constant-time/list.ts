// The functions that the tool looks at, and which of their arguments are public. If you change a kernel, change this file with it.

/** What a parameter points to, or what stands at an offset of that. By offset: how many bytes, and what they point to. */
export type Fields = ReadonlyMap<number, { readonly bytes: number; readonly fields: Fields }>

/**
 * The parameters of a function in order, separated by commas. Each is public (an address, a length), unless `secret` stands before it.
 * What a public one points to is secret, but for the fields in braces: offsets in bytes, `:` and a size if it is not 4, and braces of
 * their own for what they point to. For example `ctx{0 8{4} 16:8}, out, in, len, secret mask`.
 */
export type Parameters = string

/** Findings that are no leak: what is found in which function; as many as that. */
export interface Exception {
  readonly kind: FindingKind
  readonly in: string
  readonly count: number
  readonly reason: string
}

export type FindingKind = 'load' | 'store' | 'branch' | 'select' | 'table branch' | 'division' | 'indirect call' | 'public field'
  | 'recursion'

/** Functions that are called and not followed. What they are given to write to is taken for secret; `gives`: their result. */
export const notFollowed: Readonly<Record<string, { readonly gives: 'public' | 'secret'; readonly reason: string }>> = {
  CRYPTO_zalloc: { gives: 'public', reason: 'allocates' },
  CRYPTO_clear_free: { gives: 'public', reason: 'cleanses and frees' },
  bn_wexpand: { gives: 'public', reason: 'allocates' },
  lsw_raise: { gives: 'public', reason: 'errors are told' },
}

// Fields of OpenSSL's structures.
const AES_KEY = '{240}' // rounds
const POLY1305 = '{224}' // num
/** ivlen, taglen, the bits from `enc` on, Yi, len, mres, ares, key, and the rounds of the key within. */
const GCM = `{8 12 52 208:16 256:16 572 576 584${AES_KEY} 888}`
/** The bits from `enc` on, partial_len, poly1305.num, lengths, mac_inited, tag_len, tls_payload_length; the length in tls_aad. */
const CHACHA20_POLY1305 = '{80 368 600 655:2 664:16 680 684 688}'
const SHA256_CTX = '{32:8 104 108}' // lengths, num, md_len
const BIGNUM = '{0 4 8 12 16}' // all but the words that `d` points to
const MONTGOMERY = '{0 4 20 24}' // RR and N: d and top
/**
 * Initial counters: nonces are public, and TLS has no IV of GCM that would be hashed. The random generator's counter is secret, but its
 * requests have few blocks, for which the counter decides nothing (aes-ctr.c).
 */
const COUNTER = '{0:16}'

/** Where each analysis begins. Functions that they call are followed. */
export const roots: Readonly<Record<string, Parameters>> = {
  // aes.c, aes-ctr.c, aes-modes.c
  AES_set_encrypt_key: `user_key, bits, key${AES_KEY}`,
  AES_encrypt: `in, out, key${AES_KEY}`,
  AES_decrypt: `in, out, key${AES_KEY}`,
  lsw_aes_ctr32: `in, out, len, key${AES_KEY}, counter${COUNTER}, last`,
  chain: `in, out, blocks, key${AES_KEY}, last`,
  unchain: `in, out, blocks, key${AES_KEY}, last`,
  cbc: `in, out, len, key${AES_KEY}, iv, enc`,
  ctr: `in, out, blocks, key${AES_KEY}, iv${COUNTER}`,
  ccm_encrypt: `in, out, blocks, key${AES_KEY}, counter${COUNTER}, mac`,
  ccm_decrypt: `in, out, blocks, key${AES_KEY}, counter${COUNTER}, mac`,
  ccm_setkey: 'ctx{0 4 8}, key, keylen', // bits from `enc` on, l, m
  init: 'ctx{56 80}, key, keylen', // mode, bits with `enc`
  copy: 'to, from',
  // aes-gcm.c, ghash.c
  gcm_setkey: `ctx${GCM}, key, keylen`,
  gcm_setiv: `ctx${GCM}, iv{0:128}, ivlen`,
  gcm_aadupdate: `ctx${GCM}, aad, len`,
  gcm_cipherupdate: `ctx${GCM}, in, len, out`,
  gcm_cipherfinal: `ctx${GCM}, tag`,
  gcm_oneshot: `ctx${GCM}, aad, aad_len, in, len, out, tag, tag_len`,
  lsw_ghash: 'y, secret h, secret h16, in, len',
  // chacha20_poly1305.c, chacha20_poly1305_evp.c
  ChaCha20_ctr32: 'out, in, len, key, counter{0:16}',
  lsw_chacha20_four_blocks: `out, in, key, counter, poly${POLY1305}, mac`,
  lsw_chacha20_stream: `stream{256}, want, key, counter, poly${POLY1305}, mac`,
  lsw_chacha20_xor: 'stream{256}, out, in, len',
  Poly1305_Update: `poly${POLY1305}, in, len`,
  Poly1305_Final: `poly${POLY1305}, mac`,
  init_key: 'ctx, key, len',
  init_iv: 'ctx{80}', // bits with `iv_set`
  tls_iv_set_fixed: 'ctx, fixed, len',
  tls_init: 'ctx{80 655:2}, aad{0:13}, len',
  // sha256.c
  SHA224_Init: 'ctx',
  SHA256_Init: 'ctx',
  SHA256_Update: `ctx${SHA256_CTX}, data, len`,
  SHA256_Transform: 'ctx, block',
  SHA256_Final: `digest, ctx${SHA256_CTX}`,
  // mod_exp.c
  secret_exponent: `r${BIGNUM}, a${BIGNUM}, p${BIGNUM}, mont${MONTGOMERY}`,
  // p256_*.c
  times: 'r, tables, count, scalar',
  make_table: 'r, point',
  p256_multiply: 'r, a, b',
  p256_square: 'r, a',
  p256_to_montgomery: 'r, a',
  p256_from_montgomery: 'r, a',
  p256_to_affine: 'r, a',
  p256_is_zero: 'a',
  p256_reduce: 'r, a, modulus',
  p256_inverse: 'r, a, modulus',
  // wasm/trim/comba.h, wasm/trim/*-products.h
  bn_mul_comba8: 'r, a, b',
  bn_sqr_comba8: 'r, a',
  p384_square: 'out, in',
  p384_multiply: 'out, in1, in2',
  p521_square: 'out, in',
  p521_multiply: 'out, in1, in2',
  ossl_gf_sqr: 'cs, as',
  ossl_gf_mul: 'cs, as, bs',
  aead_cipher: `ctx${CHACHA20_POLY1305}, out, outl{0}, in, inl`,
}

/**
 * Words that functions have on the stack beside arrays, and that are public: by their distance from the frame's end. What a function of
 * `roots` is given on the stack is known without.
 */
export const stackFields: Readonly<Record<string, readonly number[]>> = {
  ChaCha20_ctr32: [-20], // stream.left
}

export const exceptions: readonly Exception[] = [
  { kind: 'public field', in: 'gcm_setiv', count: 1, reason: 'an IV that is not 12 bytes long is hashed; TLS has none' },
  { kind: 'branch', in: 'aead_cipher', count: 2,
    reason: 'whether the tag is right, which the peer is told; how many of its bytes are does not show' },
]

/** Functions of kernels that are not looked at, and why. */
export const notLookedAt: Readonly<Record<string, string>> = {
  AES_set_decrypt_key: 'AES_set_encrypt_key under another name',
  points_mul: 'reads and writes OpenSSL\'s numbers by its own functions; what it calculates with is `times` and its like',
  scalar_of: 'reads a number of OpenSSL\'s by BN_bn2lebinpad, in a time that depends on its length alone',
  inverse_mod_order: 'the same; calculates by p256_inverse',
  affine_of: 'reads a point, which is public',
  is_on_curve: 'points are public',
  generator_tables: 'multiples of the generator, which are public',
  full_init: 'the curve is public',
  EC_GFp_nistp256_method: 'gives a table of functions',
  EC_nistp256_pre_comp_dup: 'does nothing',
  EC_nistp256_pre_comp_free: 'does nothing',
  public_exponent: 'the exponent, which decides about branches, is public; multiplies and squares as secret_exponent does',
  __wrap_BN_mod_exp_mont: 'chooses by lengths and flags between OpenSSL\'s own and public_exponent',
  __wrap_bn_mod_exp_mont_fixed_top: 'chooses by lengths between OpenSSL\'s own and secret_exponent',
}

/** `ctx{0 8{4}}, secret x` as values: by parameter. */
export function parseParameters(text: string): { secret: boolean; fields: Fields }[] {
  const tokens = text.match(/[{},]|[^\s{},]+/g) ?? []
  let at = 0
  const fieldsOf = (): Fields => {
    const fields = new Map<number, { bytes: number; fields: Fields }>()
    if (tokens[at] !== '{') return fields
    for (at++; tokens[at] !== '}'; ) {
      const [offset, bytes = '4'] = tokens[at++]!.split(':')
      if (!/^\d+$/.test(offset!) || !/^\d+$/.test(bytes)) throw new Error(`not an offset: ${tokens[at - 1]} in ${text}`)
      fields.set(Number(offset), { bytes: Number(bytes), fields: fieldsOf() })
    }
    at++
    return fields
  }
  const parameters: { secret: boolean; fields: Fields }[] = []
  while (at < tokens.length) {
    const isSecret = tokens[at] === 'secret'
    at += isSecret ? 2 : 1
    parameters.push({ secret: isSecret, fields: fieldsOf() })
    if (at < tokens.length && tokens[at++] !== ',') throw new Error(`a comma is missing in ${text}`)
  }
  return parameters
}
