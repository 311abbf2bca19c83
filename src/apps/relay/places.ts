// The places of a relay: one for each tunnel, each Wisp connection and each of its streams. One client cannot have them all.

import { inOneSpelling } from './addresses.js'

export class Places {
  readonly #most: number
  readonly #mostPerAddress: number | undefined
  readonly #byAddress = new Map<string, number>()
  #taken = 0

  /** The default of `mostPerAddress` is half of all, and all for this machine itself: a server in front of the relay may run here. */
  constructor(most: number, mostPerAddress: number | undefined) {
    this.#most = most
    this.#mostPerAddress = mostPerAddress
  }

  get taken(): number { return this.#taken }

  /** Takes a place for a client at `address`. Returns a function that frees it, to be called once; or, if there is none, the reason. */
  take(address: string): (() => void) | string {
    const client = clientAt(address)
    const itsOwn = this.#byAddress.get(client) ?? 0
    const most = this.#mostPerAddress ?? (/^(127\.|0:0:0:0\/|unknown$)/.test(client) ? Infinity : Math.ceil(this.#most / 2))
    if (this.#taken >= this.#most) return 'too many connections'
    if (itsOwn >= most) return 'too many connections from this address'
    this.#count(client, 1)
    return () => this.#count(client, -1)
  }

  #count(client: string, places: number): void {
    this.#taken += places
    const itsOwn = (this.#byAddress.get(client) ?? 0) + places
    if (itsOwn > 0) this.#byAddress.set(client, itsOwn)
    else this.#byAddress.delete(client)
  }
}

/** The key of a client: its IPv4 address, or the first 64 bits of its IPv6 address, as one client usually has such a network. */
export function clientAt(text: string): string {
  const [plain = ''] = text.toLowerCase().split('%')
  const address = inOneSpelling(plain)
  if (!address.includes(':')) return address
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''))
  const groups = [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail]
  return `${groups.slice(0, 4).join(':')}/64`
}
