import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import {
  brokenRule, checkOptions, isBoolean, isFunction, isIntegerFrom, isOneOf, isOneOrMore, isString, type Check,
} from '../../src/base/options.js'
import { checkAcceptOptions, checkConnectOptions } from '../../src/frontends/options.js'
import { localhost } from '../helpers/certificates.js'

interface Fruit {
  readonly colour?: string | undefined
  readonly weightGrams?: number | undefined
  readonly seeds?: readonly string[] | undefined
}
const checks: Record<keyof Fruit, Check> = { colour: isString, weightGrams: isIntegerFrom(1, 9), seeds: isOneOrMore(isString) }
const check = (options: unknown) => checkOptions(options as Fruit, checks, 'peel()')
const thrownBy = (call: () => unknown) => {
  try {
    call()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

describe('checkOptions', () => {
  it('gives a copy without what is undefined, which later changes do not reach', () => {
    const bytes = new Uint8Array([1])
    const given = { colour: 'red', weightGrams: undefined, seeds: ['a'] }
    const checked = check(given)
    given.seeds.push('b')
    expect(checked).toEqual({ colour: 'red', seeds: ['a'] })
    expect(Object.keys(checked)).toEqual(['colour', 'seeds'])
    const copied = checkOptions({ nested: [{ bytes }] }, { nested: () => undefined }, 'peel()')
    bytes[0] = 2
    expect(copied.nested[0]!.bytes).toEqual(new Uint8Array([1]))
  })

  it('leaves functions and objects with methods as they are', () => {
    const given = { log: () => {}, store: { get() {} }, signal: new AbortController().signal }
    const checked = checkOptions(given, { log: isFunction, store: () => undefined, signal: () => undefined }, 'peel()')
    expect([checked.log, checked.store, checked.signal]).toEqual([given.log, given.store, given.signal])
    expect(checked.store).toBe(given.store)
  })

  it.each([
    undefined, null, 'x', [], new Map(), Object.create({ colour: 'red' }), new (class { colour = 'red' })(),
  ])('takes no %j for options', (options) => {
    expect(() => check(options))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_ARGUMENT', message: expect.stringContaining('peel()') }))
  })

  it('takes a plain object of another realm', () => {
    expect(check(runInNewContext('({ colour: "red", seeds: ["a"] })'))).toEqual({ colour: 'red', seeds: ['a'] })
  })

  it.each([
    ['colour', ''], ['colour', 'a\0'], ['weightGrams', 10], ['weightGrams', NaN], ['seeds', []], ['seeds', ['x', 1]],
  ])('refuses for %s the value %j', (option, value) => {
    expect(() => check({ [option]: value }))
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_OPTION', option, message: expect.stringContaining(`'${option}' must be`) }))
  })

  it.each(['__proto__', 'constructor', 'toString'])('refuses the name %s, which all objects have', (option) => {
    const options = JSON.parse(`{ "${option}": "x" }`) as object
    expect(() => check(options)).toThrow(expect.objectContaining({ code: 'ERR_TLS_UNKNOWN_OPTION', option }))
  })

  it.each([
    ['Colour', 'colour'], ['color', 'colour'], ['weight_grams', 'weightGrams'], ['weight', 'weightGrams'], ['seds', 'seeds'],
  ])('answers %s with %s', (option, meant) => {
    expect(() => check({ [option]: undefined })).toThrow(
      expect.objectContaining({
        code: 'ERR_TLS_UNKNOWN_OPTION', option, message: `peel() has no option '${option}': did you mean '${meant}'?`,
      }),
    )
  })

  it('lists the names where none is near and they are few', () => {
    expect(thrownBy(() => check({ taste: 'sweet' })).message).toBe("peel() has no option 'taste': there are colour, weightGrams, seeds")
  })

  it('reads each option once', () => {
    let reads = 0
    const checked = checkOptions({ get colour() { return ++reads } }, { colour: isOneOf(1) }, 'peel()')
    expect([checked.colour, reads]).toEqual([1, 1])
  })

  it.each(
    [[isBoolean, 1, 'must be a boolean'], [isFunction, {}, 'must be a function'], [isOneOf('a', 2), 'b', 'must be one of "a", 2']] as const,
  )('says what is right', (one, value, wrong) => {
    expect(one(value)).toBe(wrong)
  })
})

const server = { cert: localhost.cert, key: localhost.key }

describe('the names of other libraries', () => {
  it.each([
    ['ALPNProtocols', 'alpnProtocols'], ['alpn', 'alpnProtocols'], ['alpn_protocols', 'alpnProtocols'], ['NextProtos', 'alpnProtocols'],
    ['host', 'servername'], ['hostname', 'servername'], ['serverName', 'servername'], ['server_hostname', 'servername'],
    ['checkServerIdentity', 'verify'], ['minDHSize', 'securityLevel'], ['ecdhCurve', 'groups'], ['sigalgs', 'signatureAlgorithms'],
    ['timeout', 'handshakeTimeoutMs'], ['handshakeTimeout', 'handshakeTimeoutMs'], ['enableTrace', 'onTrace'], ['requestOCSP', 'ocsp'],
    ['pskCallback', 'psk'], ['keylog', 'onKeylog'], ['highWaterMark', 'highWaterMarkBytes'], ['caCerts', 'ca'], ['servrname', 'servername'],
  ])('connect() answers %s with %s', (option, meant) => {
    const { message } = thrownBy(() => checkConnectOptions({ servername: 'localhost', [option]: undefined }))
    expect(message).toBe(`connect() has no option '${option}': did you mean '${meant}'?`)
  })

  it.each([
    ['rejectUnauthorized', 'clientCertificate'], ['requestCert', 'clientCertificate'], ['SNICallback', 'onClientHello'],
    ['ALPNCallback', 'alpnProtocols'], ['sessionIdContext', 'sessionCache'], ['ticketkeys', 'ticketKeys'],
  ])('accept() answers %s with %s', (option, meant) => {
    const { message } = thrownBy(() => checkAcceptOptions({ ...server, [option]: undefined }))
    expect(message).toBe(`accept() has no option '${option}': did you mean '${meant}'?`)
  })

  it.each([
    ['host', 'servername'], ['port', 'transport'], ['path', 'transport'], ['socket', 'transport'], ['lookup', 'transport'],
    ['localAddress', 'transport'], ['family', 'transport'], ['allowHalfOpen', 'transport'], ['noDelay', 'transport'],
    ['onread', 'transport'], ['secureContext', "'context'"], ['rejectUnauthorized', "option 'ca', or 'additionalCa'"],
    ['InsecureSkipVerify', "option 'ca'"], ['insecure', "option 'ca'"], ['checkServerIdentity', "'verify'"],
    ['secureProtocol', "'minVersion'"], ['secureOptions', "'minVersion'"], ['honorCipherOrder', "'ciphers'"], ['dhparam', "'groups'"],
    ['allowPartialTrustChain', "'partialChain'"], ['clientCertEngine', "'key'"], ['privateKeyEngine', "'key'"],
    ['privateKeyIdentifier', "'key'"], ['isServer', 'accept()'],
  ])('of Node: %s is answered with %s', (option, words) => {
    const error = thrownBy(() => checkConnectOptions({ servername: 'localhost', [option]: undefined }))
    expect(error).toMatchObject({ code: 'ERR_TLS_UNKNOWN_OPTION', option })
    expect(error.message.slice(`connect() has no option '${option}': `.length)).toContain(words)
  })

  it.each([
    ['sessionTimeout', 'docs/sessions.md'], ['pskIdentityHint', "'psk'"], ['handshakeTimeout', "'handshakeTimeoutMs'"],
    ['honorCipherOrder', "'ciphers'"],
  ])(
    'of Node: accept() answers %s with %s', (option, words) => {
      expect(thrownBy(() => checkAcceptOptions({ ...server, [option]: undefined })).message).toContain(words)
    })

  it('of Node that are about what is beneath TLS mean nothing elsewhere', () => {
    expect(thrownBy(() => check({ path: '/' })).message).toBe("peel() has no option 'path': there are colour, weightGrams, seeds")
  })

  it('is not answered with all names there are', () => {
    expect(thrownBy(() => checkConnectOptions({ servername: 'localhost', ['colour' as string]: 'red' })).message)
      .toBe("connect() has no option 'colour'")
  })
})

describe('a value that leads to the right one', () => {
  const pem = new Response('PEM')
  it.each<[string, unknown, string]>([
    ['a promise', pem.text(), 'a promise: await it'], ['a promise in an array', ['x', Promise.resolve('y')], 'a promise: await it'],
    ['a URL', new URL('file:///ca.pem'), 'a URL: fetch it, or read the file'],
    ['a response', pem, 'a Response: give what its arrayBuffer() resolves to'], ['a Blob', new Blob(['x']), 'a Blob: give'],
    ['a certificate', { raw: new Uint8Array(1) }, "its field 'raw'"],
  ])('is named: %s', (_, ca, words) => {
    const error = thrownBy(() => checkConnectOptions({ servername: 'localhost', ca: ca as string }))
    expect(error).toMatchObject({ code: 'ERR_TLS_INVALID_OPTION', option: 'ca' })
    expect(error.message).toContain(words)
  })

  it('is named for each option that holds what a file does, and within one', () => {
    const given = Promise.resolve('x') as unknown as string
    for (const wrong of [
      { cert: given, key: 'x' }, { cert: 'x', key: given }, { pfx: given }, { identities: { cert: given, key: 'x' } },
      { ...server, ca: given },
    ]) {
      expect(thrownBy(() => checkAcceptOptions(wrong as object)).message).toContain('a promise: await it')
    }
  })
})

it('checkOptions keeps the copies of lasting options alone', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index)
  const checks = { roots: () => undefined, key: () => undefined }
  const [one, other] = [1, 2].map(() => checkOptions({ roots: [bytes], key: bytes }, checks, 'f()', ['roots'])) as {
    roots: Uint8Array[]
    key: Uint8Array
  }[]
  expect(one!.roots[0]).toBe(other!.roots[0])
  expect(one!.key).toEqual(other!.key)
  expect(one!.key).not.toBe(other!.key)
})

describe('brokenRule', () => {
  const rules = { excludes: { a: ['b', 'c'] }, requires: { d: ['e', 'f'] }, needs: { g: ['h', 'i'] } }
  const wrong = (options: object, mayCome?: (name: string) => boolean) => brokenRule(rules, options, mayCome)

  it.each<[given: object, blamed: string | undefined, named: string[]]>([
    [{}, undefined, []],
    [{ a: 1 }, undefined, []],
    [{ b: 1, c: 1 }, undefined, []],
    [{ a: 0, c: 1 }, 'a', ['c']],
    [{ a: 1, b: false, c: undefined }, undefined, []],
    [{ a: false, b: 1 }, undefined, []],
    [{ d: '' }, 'e', ['d', 'f']],
    [{ d: 1, f: 1 }, undefined, []],
    [{ d: 1, e: false }, 'e', ['d']],
    [{ g: 1 }, 'g', ['h', 'i']],
    [{ g: 1, i: 0 }, undefined, []],
  ])('of %o blames %s', (given, blamed, named) => {
    const [option, words] = wrong(given) ?? []
    expect(option).toBe(blamed)
    for (const name of named) expect(words).toContain(name)
  })

  it('does not miss an option that may come', () => {
    expect(wrong({ d: 1, g: 1 }, (name) => name === 'f' || name === 'h')).toBe(undefined)
    expect(wrong({ d: 1, g: 1 }, (name) => name === 'f')?.[0]).toBe('g')
    expect(wrong({ a: 1, b: 1 }, () => true)?.[0]).toBe('a')
  })
})
