// An address with its port, as an object.

import { demandInteger, demandType, invalidArgValue } from '../invalid-arguments.js'
import { canonicalIp, ipNumber, isIPv4, isIPv6 } from '../ip-address.js'
import { nodeError } from '../node-error.js'
import { portOf } from './connect-arguments.js'

/** The version of IP, as an option. */
export type IpFamily = 'ipv4' | 'ipv6'

/** A SocketAddress, by its type. */
export interface AddressLike {
  /** The address as text. */
  readonly address: string
  /** `ipv4` or `ipv6`. */
  readonly family: string
  /** 0 to 65,535. */
  readonly port: number
  /** Of IPv6 alone: 0 to 1,048,575. */
  readonly flowlabel: number
}

/** An address with its port. */
export class SocketAddress implements AddressLike {
  readonly #address: string
  readonly #family: IpFamily
  readonly #port: number
  readonly #flowlabel: number

  constructor(options: { [Name in keyof AddressLike]?: AddressLike[Name] | undefined } = {}) {
    demandType(options, 'object', 'options')
    const { family = 'ipv4', port = 0, flowlabel = 0 } = options
    this.#family = familyOf(family)
    const { address = this.#family === 'ipv4' ? '127.0.0.1' : '::' } = options
    demandType(address, 'string', 'options.address')
    this.#port = portOf(port, 'options.port')
    demandInteger(flowlabel, 'options.flowlabel', 0, 2 ** 20 - 1)
    this.#flowlabel = flowlabel
    this.#address = canonicalIp(demandAddress(address, this.#family).replace(/%.*/, ''))!
  }

  /** The address as text, in its shortest form. */
  get address(): string { return this.#address }
  /** The version of IP. */
  get family(): IpFamily { return this.#family }
  /** 0 to 65,535. */
  get port(): number { return this.#port }
  /** Of IPv6 alone. */
  get flowlabel(): number { return this.#flowlabel }

  /** Its four fields. */
  toJSON(): object {
    const { address, port, family, flowlabel } = this
    return { address, port, family, flowlabel }
  }

  /** Whether `value` is a SocketAddress of this module. */
  static isSocketAddress(value: unknown): value is SocketAddress {
    return value instanceof SocketAddress
  }
}

/** An address with its family, as BlockList takes both: in one object, or the one after the other. */
export function addressOf(
  address: AddressLike | string, family: unknown, name: string,
): { text: string; family: IpFamily; number: bigint } {
  if (SocketAddress.isSocketAddress(address)) {
    return { text: address.address, family: address.family, number: ipNumber(address.address)! }
  }
  demandType(address, 'string', name)
  return addressOf(new SocketAddress({ address: address as string, family: familyOf(family) }), undefined, name)
}

function demandAddress(address: string, family: IpFamily): string {
  if (family === 'ipv4' ? isIPv4(address) : isIPv6(address)) return address
  throw nodeError('ERR_INVALID_ADDRESS', 'Invalid socket address')
}

function familyOf(family: unknown): IpFamily {
  const lower = typeof family === 'string' ? family.toLowerCase() : family
  if (lower !== 'ipv4' && lower !== 'ipv6') throw invalidArgValue('options.family', family)
  return lower
}
