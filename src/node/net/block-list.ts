// A list of addresses, ranges and subnets.

import { demandInteger, demandType, invalidArgValue } from '../invalid-arguments.js'
import { isIP } from '../ip-address.js'
import { addressOf, type AddressLike, type IpFamily } from './socket-address.js'

interface Rule {
  readonly text: string
  readonly first: bigint
  readonly last: bigint
}

/** An IPv4 address and the IPv6 address that holds it are the same here, as in Node. */
export class BlockList {
  /** The last one first. */
  readonly #rules: Rule[] = []

  /** Puts one address on the list. */
  addAddress(address: AddressLike | string, family: IpFamily = 'ipv4'): void {
    const { text, family: of, number } = addressOf(address, family, 'address')
    this.#rules.unshift({ text: `Address: ${nameOf(of)} ${text}`, first: number, last: number })
  }

  /** Throws `ERR_INVALID_ARG_VALUE` if it ends before it begins. */
  addRange(start: AddressLike | string, end: AddressLike | string, family: IpFamily = 'ipv4'): void {
    const [from, to] = [addressOf(start, family, 'start'), addressOf(end, family, 'end')]
    if (from.number > to.number) throw invalidArgValue('start', from.text, 'must come before end')
    this.#rules.unshift({ text: `Range: ${nameOf(from.family)} ${from.text}-${to.text}`, first: from.number, last: to.number })
  }

  /** Puts a network on the list: the addresses that have the first `prefix` bits of `net`. */
  addSubnet(net: AddressLike | string, prefix: number, family: IpFamily = 'ipv4'): void {
    const { text, family: of, number } = addressOf(net, family, 'network')
    const bits = of === 'ipv4' ? 32 : 128
    demandInteger(prefix, 'prefix', of === 'ipv4' ? 0 : 1, bits)
    const others = (1n << BigInt(bits - prefix)) - 1n
    this.#rules.unshift({ text: `Subnet: ${nameOf(of)} ${text}/${prefix}`, first: number & ~others, last: number | others })
  }

  /** Whether it is on the list. What is no address is not. */
  check(address: AddressLike | string, family: IpFamily = 'ipv4'): boolean {
    if (typeof address !== 'object') {
      demandType(address, 'string', 'address')
      if (isIP(address) !== (family.toLowerCase() === 'ipv6' ? 6 : 4)) return false
    }
    const { number } = addressOf(address, family, 'address')
    return this.#rules.some(({ first, last }) => first <= number && number <= last)
  }

  /** The rules in words, the last one first. */
  get rules(): string[] {
    return this.#rules.map(({ text }) => text)
  }

  /** Whether `value` is a BlockList of this module. */
  static isBlockList(value: unknown): value is BlockList {
    return value instanceof BlockList
  }
}

function nameOf(family: IpFamily): string {
  return family === 'ipv4' ? 'IPv4' : 'IPv6'
}
