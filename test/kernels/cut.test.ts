// What wasm/trim leaves out of libcrypto is asked for, as the lists name it: each gets an error that says something, and is no crash, no
// silence and no wrong answer. A file that a list begins to change must find its place here.

import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  beforeAndAfter, cutFrom, editedFiles, headerNumber, objectIdentifiers, opensslSource, type ObjectIdentifier,
} from '../helpers/cuts.js'
import { Key } from './keys.js'
import { LibCrypto, OpensslFailure } from './libcrypto.js'

const lib = LibCrypto.open('product')
const oids = objectIdentifiers()

/** What the error queue says when `body` fails, oldest first. */
function refusal(body: () => unknown): string {
  lib.call['ERR_clear_error']!()
  try {
    body()
  } catch (error) {
    if (error instanceof OpensslFailure) return error.message.slice(error.message.indexOf(': ') + 2)
    throw error
  }
  return 'it was not refused'
}

/** Calls `name` with texts and bytes, and numbers as they are. */
function ask(name: string, ...args: readonly (string | number | Uint8Array)[]): number {
  return lib.with(args.filter((arg) => typeof arg !== 'number'), (...addresses) => (
    lib.must(name, ...args.map((arg) => (typeof arg === 'number' ? arg : addresses.shift()!)))))
}

function withFreed<T>(object: number, free: string, body: (object: number) => T): T {
  try {
    return body(object)
  } finally {
    lib.call[free]!(object)
  }
}

const withCtx = (type: string, body: (ctx: number) => unknown) => (
  withFreed(ask('EVP_PKEY_CTX_new_from_name', 0, type, 0), 'EVP_PKEY_CTX_free', body))
const generate = (type: string, group?: string) => withCtx(type, (ctx) => {
  lib.must('EVP_PKEY_keygen_init', ctx)
  if (group !== undefined) ask('EVP_PKEY_CTX_set_group_name', ctx, group)
  return ask('EVP_PKEY_generate', ctx, new Uint8Array(4))
})

const hex = (text: string) => Buffer.from(text, 'hex')
const sequence = (...parts: readonly Uint8Array[]) => {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(0x30, body.length), body])
}
const ecOn = ({ der }: ObjectIdentifier) => sequence(hex('06072a8648ce3d0201'), der!)
/** The point and the secret do not matter. */
const publicKeyOn = (curve: ObjectIdentifier) => sequence(ecOn(curve), hex('03420004'), Buffer.alloc(64, 1))
const privateKeyOn = (curve: ObjectIdentifier) => sequence(hex('020100'), ecOn(curve), hex('04083006020101040101'))

const SPKI = { format: 'der', type: 'pkcs8' } as const
const keys = Object.fromEntries(['dh', 'rsa', 'ec', 'x25519', 'x448', 'ed25519', 'ed448'].map((type) => {
  const how = { modulusLength: 2048, namedCurve: 'P-256', ...(type === 'dh' ? { group: 'modp14' } : {}) }
  return [type, Key.privateKey(lib, generateKeyPairSync(type as 'ec', how).privateKey.export(SPKI))]
})) as Readonly<Record<string, Key>>

// --- what is asked for, by the file that it is cut from. A name, what must be said, and what is tried with it.

type Tries = readonly (readonly [what: string, words: RegExp, body: () => unknown])[]

const UNSUPPORTED = /\bunsupported\b/
const names = readFileSync(join(opensslSource(), 'providers/implementations/include/prov/names.h'), 'utf8')
const nameOf = (macro: string) => new RegExp(`define ${macro} "([^":]+)`).exec(names)![1]!
const OPERATIONS: Readonly<Record<string, string>> = {
  digests: 'EVP_MD', ciphers: 'EVP_CIPHER', macs: 'EVP_MAC', kdfs: 'EVP_KDF', rands: 'EVP_RAND', keyexch: 'EVP_KEYEXCH',
  signature: 'EVP_SIGNATURE', asym_cipher: 'EVP_ASYM_CIPHER', asym_kem: 'EVP_KEM', keymgmt: 'EVP_KEYMGMT', skeymgmt: 'EVP_SKEYMGMT',
}

/** Entries of a provider's tables, by the table. */
function provided(path: string): Tries {
  const [before, after] = beforeAndAfter(path).map((text) => (
    text.split(/OSSL_ALGORITHM(?:_CAPABLE)? \w+?_(?=\w+\[\] = \{)/).slice(1).flatMap((table) => (
      [...table.slice(0, table.indexOf('\n};')).matchAll(/(PROV_NAMES_\w+),/g)].map(([, macro]) => `${/^\w+/.exec(table)![0]} ${macro}`)))))
  return [...new Set(before)].filter((one) => !after!.includes(one)).map((one) => {
    const [table, macro] = one.split(' ') as [string, string]
    return [`${table} ${nameOf(macro)}`, UNSUPPORTED, () => ask(`${OPERATIONS[table]}_fetch`, 0, nameOf(macro), 0)]
  })
}

const KEYPAIR = 0x87
function encoders(): Tries {
  const [structures] = beforeAndAfter('providers/encoders.inc')
  const entry = /^ENCODER(?:_TEXT|_w_structure)?\("([^"]+)", \w+, \w+(?:, (\w+))?(?:,\s*(\w+))?\)/gm
  return cutFrom('providers/encoders.inc', entry).flatMap((one): Tries => {
    const [type, output, structure] = one.split(' ') as [string, string, string]
    const key = keys[type.toLowerCase()]
    if (key === undefined) return []
    const named = structure && new RegExp(`ENCODER_STRUCTURE_${structure} +"([^"]+)"`).exec(structures)![1]!
    const how = output || 'text'
    return [[`${type} as ${how} ${named}`, UNSUPPORTED, () => lib.with([how, named, new Uint8Array(8)], (outputName, structureName, at) => {
      const ctx = lib.must('OSSL_ENCODER_CTX_new_for_pkey', key.pkey, KEYPAIR, outputName!, named ? structureName! : 0, 0)
      return withFreed(ctx, 'OSSL_ENCODER_CTX_free', () => lib.must('OSSL_ENCODER_to_data', ctx, at!, at! + 4))
    })]]
  })
}

function decoders(): Tries {
  return cutFrom('providers/decoders.inc', /^DECODER(?:_w_structure)?\("([^"]+)", (\w+), /gm).map((one) => {
    const [type, input] = one.split(' ') as [string, string]
    return [one, UNSUPPORTED, () => lib.with([new Uint8Array(16), type, input], (place, typeName, inputName) => {
      const ctx = lib.must('OSSL_DECODER_CTX_new_for_pkey', place!, inputName!, 0, typeName!, KEYPAIR, 0, 0)
      lib.writeSize(place! + 4, lib.input)
      lib.writeSize(place! + 8, 64)
      return withFreed(ctx, 'OSSL_DECODER_CTX_free', () => lib.must('OSSL_DECODER_from_data', ctx, place! + 4, place! + 8))
    })]
  })
}

/** Numbered controls, and the operation that they belong to. */
function controls(): Tries {
  const headers = ['evp', 'rsa', 'dh', 'dsa', 'ec', 'kdf', 'obj_mac'].map((name) => `openssl/${name}.h`)
  const number = (word: string) => headerNumber(word, headers) ?? headerNumber(word.replace('EVP_PKEY_', 'NID_'), headers)
  const TYPES: Readonly<Record<string, string>> = { RSA_PSS: 'RSA-PSS', DHX: 'DH', DSA: 'DH', SM2: 'EC' }
  const entry = /\{\s*OSSL_ACTION_\w+, (-1|EVP_PKEY_\w+), (?:-1|EVP_PKEY_\w+|0), (-1|EVP_PKEY_OP_\w+)[^,]*,\s*(EVP_PKEY_CTRL_\w+),/g
  // SET1_ID is kept until an operation begins, which then refuses it.
  return cutFrom('crypto/evp/ctrl_params_translate.c', entry).filter((one) => !one.endsWith('SET1_ID')).map((one) => {
    const [type, operation, control] = one.split(' ') as [string, string, string]
    const named = type.replace('EVP_PKEY_', '')
    const kind = type === '-1' ? (operation === 'EVP_PKEY_OP_DERIVE' ? 'HKDF' : 'EC') : TYPES[named] ?? named
    return [one, /command not supported|unsupported|no operation set|invalid operation/, () => withCtx(kind, (ctx) => {
      const init = ['derive', 'paramgen', 'keygen'].find((name) => operation.toLowerCase().endsWith(name))
      if (init !== undefined) lib.call[`EVP_PKEY_${init}_init`]!(ctx)
      lib.call['ERR_clear_error']!()
      return lib.must('EVP_PKEY_CTX_ctrl', ctx, number(type) ?? -1, -1, number(control)!, 1, 0)
    })]
  })
}

/** EVP_PKEY_print_… writes into its text that it cannot, and that is its answer. */
const printed = (types: readonly string[]): Tries => types.flatMap((type) => (['public', 'private', 'params'] as const).map((how) => (
  [`${how} part of ${type} in words`, /\bunsupported$/, () => withFreed(lib.must('BIO_new', lib.must('BIO_s_mem')), 'BIO_free', (bio) => {
    lib.must(`EVP_PKEY_print_${how}`, bio, keys[type]!.pkey, 0, 0)
    const length = lib.must('BIO_read', bio, lib.output, 1000)
    throw new OpensslFailure(`text: ${lib.read(lib.output, length).toString().trim()}`)
  })] as const)))

const tries: Readonly<Record<string, () => Tries>> = {
  'crypto/ec/ec_curve.c': () => cutFrom('crypto/ec/ec_curve.c', /\{ NID_(\w+),/g).flatMap((nid): Tries => {
    const curve = oids.get(nid)!
    return [
      [`a new key on ${nid}`, UNSUPPORTED, () => generate('EC', curve.shortName)],
      ...(curve.der ? [
        [`a public key on ${nid}`, UNSUPPORTED, () => Key.publicKey(lib, publicKeyOn(curve))],
        [`a private key on ${nid}`, UNSUPPORTED, () => Key.privateKey(lib, privateKeyOn(curve))],
      ] as const : []),
    ]
  }),
  'providers/defltprov.c': () => provided('providers/defltprov.c'),
  'providers/legacyprov.c': () => provided('providers/legacyprov.c').filter(([what]) => !what.startsWith('skeymgmt')),
  'providers/encoders.inc': encoders,
  'providers/decoders.inc': decoders,
  'providers/stores.inc': () => cutFrom('providers/stores.inc', /^STORE\("([^"]+)"/gm).map((name) => (
    [name, UNSUPPORTED, () => ask('OSSL_STORE_LOADER_fetch', 0, name, 0)])),
  'crypto/provider_predefined.c': () => cutFrom('crypto/provider_predefined.c', /\{ "(\w+)",/g).map((name) => (
    [name, UNSUPPORTED, () => ask('OSSL_PROVIDER_load', 0, name)])),
  'crypto/ffc/ffc_dh.c': () => [
    ...cutFrom('crypto/ffc/ffc_dh.c', /^ +MODP\((\d+),/gm).map((bits) => `modp_${bits}`),
    ...cutFrom('crypto/ffc/ffc_dh.c', /^ +RFC5114\("(\w+)",/gm),
  ].map((group) => [group, UNSUPPORTED, () => generate('DH', group)]),
  'crypto/evp/ctrl_params_translate.c': controls,
  'providers/implementations/keymgmt/rsa_kmgmt.c': () => [
    ...['RSA', 'RSA-PSS'].map((type) => [`a new key of ${type}`, UNSUPPORTED, () => generate(type)] as const),
    ['whether a key is sound', UNSUPPORTED, () => (
      withFreed(lib.must('EVP_PKEY_CTX_new', keys['rsa']!.pkey, 0), 'EVP_PKEY_CTX_free', (ctx) => lib.must('EVP_PKEY_check', ctx)))],
  ],
  'providers/implementations/keymgmt/dh_kmgmt.c': () => [['parameters of DH', UNSUPPORTED, () => withCtx('DH', (ctx) => {
    lib.must('EVP_PKEY_paramgen_init', ctx)
    return ask('EVP_PKEY_generate', ctx, new Uint8Array(4))
  })]],
  'crypto/rsa/rsa_ameth.c': () => printed(['rsa']),
  'crypto/ec/ec_ameth.c': () => printed(['ec']),
  'crypto/ec/ecx_meth.c': () => printed(['x25519', 'x448', 'ed25519', 'ed448']),
  'crypto/dh/dh_ameth.c': () => printed(['dh']),
  ...Object.fromEntries(Object.entries({
    v3_akid: ['authority_key_identifier'], v3_bcons: ['basic_constraints'], v3_cpols: ['certificate_policies'],
    v3_crld: ['crl_distribution_points', 'issuing_distribution_point'], v3_extku: ['ext_key_usage'], v3_info: ['info_access'],
    v3_int: ['crl_number', 'delta_crl', 'inhibit_any_policy'], v3_ncons: ['name_constraints'], v3_pcons: ['policy_constraints'],
    v3_pmaps: ['policy_mappings'], v3_san: ['subject_alt_name', 'issuer_alt_name'], v3_skid: ['subject_key_identifier'],
    v3_tlsf: ['tlsfeature'],
  }).map(([file, extensions]) => [`crypto/x509/${file}.c`, (): Tries => extensions.map((extension) => (
    [`${extension} from text`, /^extension setting not supported$/, () => (
      ask('X509V3_EXT_nconf_nid', 0, 0, headerNumber(`NID_${extension}`, ['openssl/obj_mac.h'])!, 'hash'))]))])),
}

/** What lists change without anything being refused for it here. */
const elsewhere = (why: string, ...paths: readonly string[]) => paths.map((path) => [path, why])
const NOTHING_REFUSED: Readonly<Record<string, string>> = Object.fromEntries([
  ...elsewhere('what certificates may have: test/interop/cuts.test.ts', 'crypto/x509/standard_exts.h', 'crypto/x509/v3_lib.c',
    'crypto/x509/x_pubkey.c', 'crypto/x509/x509_vfy.c', 'ssl/t1_lib.c', 'ssl/statem/statem_lib.c'),
  ...elsewhere('the error for forms that are cut', 'crypto/encode_decode/encoder_lib.c', 'crypto/encode_decode/decoder_lib.c'),
  ...elsewhere('names of ciphers that are cut are not asked for', 'ssl/ssl_ciph.c', 'crypto/evp/c_allc.c'),
  ...elsewhere('found once, or when it is asked for', 'crypto/x509/x509_lu.c', 'ssl/ssl_lib.c', 'crypto/encode_decode/decoder_pkey.c'),
  ...elsewhere('there is nothing to begin or end', 'crypto/init.c', 'crypto/mem.c', 'crypto/provider_core.c'),
  ...elsewhere('the writing of streams has no caller', 'crypto/pkcs7/pk7_asn1.c'),
  ...elsewhere('texts of errors that nothing raises', 'crypto/err/err_all.c', 'crypto/err/err.c'),
  ...elsewhere('the same in another way', 'crypto/rand/rand_lib.c', 'ssl/tls13_enc.c', 'crypto/http/http_lib.c', 'crypto/bio/bio_print.c',
    'crypto/ec/ec_cvt.c',
    'crypto/ec/curve25519.c', 'crypto/ec/curve448/curve448.c', 'crypto/ec/curve448/eddsa.c', 'crypto/ec/curve448/arch_64/f_impl64.c',
    'crypto/bn/bn_prime.c', 'crypto/bn/bn_asm.c', 'crypto/ec/ecp_nistp384.c', 'crypto/ec/ecp_nistp521.c', 'crypto/des/des_enc.c',
    'crypto/params.c', 'util/perl/OpenSSL/paramnames.pm'),
])

it('knows each file that a list changes', () => {
  expect([...editedFiles()].filter((path) => !(path in tries) && !(path in NOTHING_REFUSED))).toEqual([])
})

describe.each(Object.entries(tries))('%s', (path, list) => {
  it('has something that is cut', () => {
    expect(editedFiles()).toContain(path)
    expect(list()).not.toEqual([])
  })

  it.each(list())('%s: the error says so', (_, words, body) => { expect(refusal(body)).toMatch(words) })
})

it('object identifiers that are cut have no text and no number, and OpenSSL says that it does not know them', () => {
  const header = readFileSync(join(opensslSource(), '../include/openssl/obj_mac.h'), 'utf8')
  const numbers = new Map([...header.matchAll(/^#define NID_(\w+)\s+(\d+)/gm)].map(([, name, value]) => [name!, Number(value)]))
  const cut = cutFrom('crypto/objects/obj_dat.h', /^ +\{"[^"]+", "[^"]+", NID_(\w+)/gm)
  expect(cut.length).toBeGreaterThan(100)
  for (const name of cut) {
    const { shortName, longName } = oids.get(name)!
    expect([name, refusal(() => lib.must('OBJ_nid2obj', numbers.get(name)!))]).toEqual([name, 'unknown nid'])
    for (const text of [shortName, longName]) expect([text, lib.with([text], (at) => lib.call['OBJ_txt2nid']!(at!))]).toEqual([text, 0])
  }
})
