// What the relay reads in a request.

import { describe, expect, it } from 'vitest'
import { isOneOf, sameToken } from '../../src/apps/relay/bearer.js'
import { handshakeFault } from '../../src/apps/relay/handshake-fault.js'
import { parseRequestTarget } from '../../src/apps/relay/request-target.js'
import { parseTarget } from '../../src/transports/target.js'

describe('parseTarget', () => {
  it.each([
    ['Mail.Example:993', { host: 'mail.example', port: 993 }], ['127.0.0.1:1', { host: '127.0.0.1', port: 1 }],
    ['[::1]:443', { host: '::1', port: 443 }], ['[2001:DB8::1]:65535', { host: '2001:db8::1', port: 65535 }],
  ])('reads %s', (text, target) => expect(parseTarget(text)).toEqual(target))

  it.each([
    '', 'host', 'host:', ':1', 'host:0', 'host:01', 'host:65536', 'host:1x', 'host:-1', '::1:443', '[host]:1', '[::1]', 'a b:1', 'a/b:1',
    'user@host:1', 'host:1\n', 'h\u00f6st:1',
  ])('refuses %j', (text) => expect(parseTarget(text)).toBeUndefined())

  it('reads a percent-encoded path, and no query', () => {
    expect(parseRequestTarget('/%5B::1%5D%3A443')).toEqual({ host: '::1', port: 443 })
    for (const path of ['host:1', '//host:1', '/host:1?a', '/%', '/host%00:1']) expect(parseRequestTarget(path)).toBeUndefined()
  })
})

describe('parseRequestTarget', () => {
  it('reads one address in a query, whatever else is there', () => {
    expect(parseRequestTarget('/?address=mail.example:993')).toEqual({ host: 'mail.example', port: 993 })
    expect(parseRequestTarget('/v1?a=b&address=%5B::1%5D%3A1')).toEqual({ host: '::1', port: 1 })
  })

  it.each(['/?', '/?address=', '/?address=a:1&address=b:1', '/a:1?address=b:1', '/?Address=a:1', '?address=a:1'])('refuses %s', (path) => {
    expect(parseRequestTarget(path)).toBeUndefined()
  })
})

describe('handshakeFault', () => {
  const handshake = (protocols: string): Record<string, string> => ({
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13', 'sec-websocket-protocol': protocols,
  })

  it.each([
    ['a, b', undefined], ['a\t ,\tb', undefined], ['a\u00a0', 400], ['\u00a0a', 400], ['a,\u00a0b', 400],
  ])('of %j is as in ws: %s', (protocols, status) => {
    expect(handshakeFault('GET', (name) => handshake(protocols)[name])?.status).toBe(status)
  })
})

describe('sameToken', () => {
  it('is asked of each token of several', () => {
    expect(['a', 'b', 'c', 'd'].map((token) => isOneOf(token, ['a', 'b', 'c']))).toEqual([true, true, true, false])
  })

  it.each([
    ['a', 'a', true], ['a', 'b', false], ['', '', true], ['a', 'aa', false], ['ä', 'ä', true],
  ])('%j and %j: %s', (one, two, same) => {
    expect(sameToken(one, two)).toBe(same)
  })
})
