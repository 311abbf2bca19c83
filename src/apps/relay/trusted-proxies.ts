// Which client a request came from, where proxies stand in front of the relay and say so in X-Forwarded-For.

import { BlockList, isIP } from 'node:net'
import { inOneSpelling } from './addresses.js'

interface Network {
  readonly address: string
  readonly prefixBits: number
  readonly family: 'ipv4' | 'ipv6'
}

export class TrustedProxies {
  readonly #list = new BlockList()

  constructor(networks: readonly string[]) {
    for (const text of networks) {
      const { address, prefixBits, family } = networkOf(text)!
      this.#list.addSubnet(address, prefixBits, family)
    }
  }

  has(text: string): boolean {
    const address = inOneSpelling(text)
    return isIP(address) !== 0 && this.#list.check(address, familyOf(address))
  }

  /**
   * The client of a request that `peer` brought. Each proxy adds at the right the address it saw; so what stands left of one that is
   * not trusted may be anything.
   */
  clientOf(peer: string, forwardedFor = ''): string {
    let client = inOneSpelling(peer)
    const hops = forwardedFor.split(',')
    while (this.has(client)) {
      const next = addressIn(hops.pop())
      if (next === undefined) break
      client = next
    }
    return client
  }
}

/** `192.0.2.7`, or `10.0.0.0/8`. Undefined if it is none. */
export function networkOf(text: string): Network | undefined {
  const [, written = '', digits] = /^([0-9a-f.:]+)(?:\/([0-9]{1,3}))?$/i.exec(text) ?? []
  if (isIP(written) === 0) return undefined
  const address = inOneSpelling(written)
  const family = familyOf(address)
  const mostBits = family === 'ipv4' ? 32 : 128
  // IPv4 that is written in IPv6 has 96 bits before it.
  const prefixBits = digits === undefined ? mostBits : Number(digits) - (family === familyOf(written) ? 0 : 96)
  return prefixBits < 0 || prefixBits > mostBits ? undefined : { address, prefixBits, family }
}

/** Some proxies write a port behind it. */
function addressIn(hop = ''): string | undefined {
  const text = hop.trim()
  const address = /^\[(.*)\](?::[0-9]+)?$/.exec(text)?.[1] ?? /^([0-9.]+):[0-9]+$/.exec(text)?.[1] ?? text
  return isIP(address) === 0 ? undefined : inOneSpelling(address)
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}
