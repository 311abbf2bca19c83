// tls.checkServerIdentity(), and net.isIP() beneath it, against Node's own over a table of hosts and certificates.

import net from 'node:net'
import tls from 'node:tls'
import { describe, expect, it } from 'vitest'
import { checkServerIdentity } from '../../src/node/check-server-identity.js'
import { canonicalIp, isIP, isIPv4, isIPv6 } from '../../src/node/ip-address.js'

const HOSTS = [
  'a.com', 'A.com', 'a.com.', 'b.a.com', 'xn--a.a.com', 'c.b.a.com', 'com', '', '.', '..', 'a..com', '.a.com', 'a_b.com', 'a b.com',
  'ä.com', 'xn--4ca.com', 'foo.example.com', 'foobar.example.com', 'f.example.com', 'localhost', '*.a.com', '127.0.0.1', '127.0.0.1.',
  '192.168.1.1', '1.2.3', '01.2.3.4', '::1', '0:0:0:0:0:0:0:1', '2001:DB8::1', '::ffff:1.2.3.4', 'fe80::1%eth0',
]
const ALT_NAMES = [
  'DNS:a.com', 'DNS:*.a.com', 'DNS:*.com', 'DNS:f*.example.com', 'DNS:*o.example.com', 'DNS:f*o.example.com', 'DNS:*.*.com', 'DNS:**.a.com',
  'DNS:b.*.com', 'DNS:xn--*.a.com', 'DNS:*xn--.a.com', 'DNS:', 'DNS:*', 'DNS:a.com.', 'DNS:.a.com', 'DNS:a..com', 'DNS:ä.com', 'DNS:A.COM',
  'DNS:localhost', 'DNS:"a.com"', 'DNS:"a\\u0000.com"', 'IP Address:127.0.0.1', 'IP Address:0:0:0:0:0:0:0:1',
  'IP Address:2001:DB8:0:0:0:0:0:1', 'IP Address:0:0:0:0:0:FFFF:102:304',
  'IP Address:FE80:0:0:0:0:0:0:1', 'IP Address:<invalid length=5>', 'URI:http://a.com/', 'URI:"http://x/\\u002c DNS:a.com"',
  'email:a@a.com', 'DirName:"CN=a.com"', 'othername:<unsupported>', 'DNS:"a', 'x"', 'DNS:"\\x"',
]
const COMMON_NAMES = [undefined, 'a.com', '*.a.com', ['x', 'a.com'], [], '', '127.0.0.1', ['*.com'], 'b.a.com.']

type Certificate = Parameters<typeof checkServerIdentity>[1]

/** All that a program can see of the answer. */
function outcome(check: (host: string, cert: never) => Error | undefined, host: string, cert: Certificate): unknown {
  const told = (error: Error) => ({ ...error, name: error.name, message: error.message, text: String(error), type: error.constructor.name })
  try {
    const error = check(host, cert as never)
    return error && told(error)
  } catch (error) {
    return { thrown: told(error as Error) }
  }
}

function* certificates(): Generator<Certificate> {
  for (const CN of COMMON_NAMES) {
    for (const subjectaltname of [undefined, null, '', ...ALT_NAMES]) yield { subject: { CN }, subjectaltname }
  }
  for (const [index, first] of ALT_NAMES.entries()) {
    const others = [7 * index + 3, 5 * index + 1].map((other) => ALT_NAMES[other % ALT_NAMES.length])
    yield { subject: {}, subjectaltname: [first, ...others].join(', ') }
  }
  yield* [{}, { subject: null }, { subject: undefined, subjectaltname: 'DNS:a.com' }]
}

describe('checkServerIdentity', () => {
  it.each(HOSTS)('says what node:tls says for the host %j', (host) => {
    for (const cert of certificates()) {
      expect(outcome(checkServerIdentity, host, cert)).toEqual(outcome(tls.checkServerIdentity, host, cert))
    }
  })

  it('parts a name at the full stops of other scripts, as DNS does, and as Node 24', () => {
    for (const stop of ['\u3002', '\uff0e', '\uff61']) {
      const cert = { subject: {}, subjectaltname: 'DNS:*.example.com' }
      expect(checkServerIdentity(`foo${stop}bar.example.com`, cert)).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
      expect(checkServerIdentity(`foo${stop}example.com`, cert)).toBeUndefined()
    }
    expect(checkServerIdentity('b\u00fccher.example.com', { subject: {}, subjectaltname: 'DNS:xn--bcher-kva.example.com' })).toBeUndefined()
  })

  it('takes what is no text for one', () => {
    for (const host of [undefined, 5, null]) {
      const cert = { subject: { CN: String(host) } }
      expect(checkServerIdentity(host as never, cert)).toBeUndefined()
      expect(outcome(checkServerIdentity, host as never, {})).toEqual(outcome(tls.checkServerIdentity, host as never, {}))
    }
  })
})

describe('isIP', () => {
  it.each([
    '::', '::1', '::1.2.3.4', '1::', '1:0:0:2::3', '1::2::3', ':1', '1:', ':::', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '1::2:3:4:5:6:7:8', '1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:7:1.2.3.4', '::1.2.3', '::1.2.3.256',
    '1.2.3.4::', '::1.2.3.4:5', 'fe80::1%', 'fe80::1%eth0', 'fe80::1%eth 0', '12345::', 'g::', '::ffff:01.2.3.4', '1:2:3:4:5:6:7:',
    '1.2.3.4', '1.2.3.4 ', ' 1.2.3.4', '256.1.1.1', '', '::%x', '1:2:3:4:5:1.2.3.4', '::1:1.2.3.4', '::1::1.2.3.4', '1.2.3.4%x',
  ])('says what node:net says of %j', (address) => {
    expect({ ip: isIP(address), v4: isIPv4(address), v6: isIPv6(address) })
      .toEqual({ ip: net.isIP(address), v4: net.isIPv4(address), v6: net.isIPv6(address) })
  })
})

describe('canonicalIp', () => {
  it.each([
    ['::', '::'], ['1.2.3.4', '1.2.3.4'], ['A:0:0::B', 'a::b'], ['1:0:0:2:0:0:0:3', '1:0:0:2::3'], ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
    ['1::', '1::'], ['::1.2.3.4', '::1.2.3.4'], ['0:0:0:0:0:0:1:2', '::0.1.0.2'], ['::ffff:102:304', '::ffff:1.2.3.4'],
    ['::ffff:0:1.2.3.4', '::ffff:0:102:304'], ['fe80::1%eth0', 'fe80::1'], ['1.2.3', undefined],
  ])('of %s is %s', (address, canonical) => {
    expect(canonicalIp(address)).toBe(canonical)
  })
})
