// Which client a request came from, where proxies stand in front of the relay and say so in X-Forwarded-For.

import { BlockList, isIP } from 'node:net'

/** `192.0.2.7`, or `10.0.0.0/8`. */
const network = /^([0-9a-f.:]+)(?:\/([0-9]{1,3}))?$/i

export class TrustedProxies {
  readonly #list = new BlockList()

  constructor(networks: readonly string[]) {
    for (const text of networks) {
      const [, address = '', digits] = network.exec(text)!
      const family = familyOf(address)
      this.#list.addSubnet(address, Number(digits ?? (family === 'ipv4' ? 32 : 128)), family)
    }
  }

  has(text: string): boolean {
    const address = unmapped(text)
    return isIP(address) !== 0 && this.#list.check(address, familyOf(address))
  }

  /**
   * The client of a request that `peer` brought. Each proxy adds at the right the address it saw; so what stands left of one that is
   * not trusted may be anything.
   */
  clientOf(peer: string, forwardedFor = ''): string {
    let client = unmapped(peer)
    const hops = forwardedFor.split(',')
    while (this.has(client)) {
      const next = addressIn(hops.pop())
      if (next === undefined) break
      client = next
    }
    return client
  }
}

export function isNetwork(text: string): boolean {
  const [, address = '', digits = '0'] = network.exec(text) ?? []
  return isIP(address) !== 0 && Number(digits) <= (isIP(address) === 4 ? 32 : 128)
}

/** Some proxies write a port behind it. */
function addressIn(hop = ''): string | undefined {
  const text = hop.trim()
  const address = /^\[(.*)\](?::[0-9]+)?$/.exec(text)?.[1] ?? /^([0-9.]+):[0-9]+$/.exec(text)?.[1] ?? text
  return isIP(address) === 0 ? undefined : unmapped(address)
}

/** A socket for both families shows IPv4 so. */
function unmapped(address: string): string {
  return /^::ffff:([0-9.]+)$/i.exec(address)?.[1] ?? address
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}
