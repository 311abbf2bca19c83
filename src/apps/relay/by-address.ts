// A record for each client, by its address. It remembers a limited number of clients, as an attacker may have very many addresses.

import { clientAt } from './places.js'

const MOST = 10_000

export class ByAddress<Value> {
  readonly #create: () => Value
  readonly #forgotten: (address: string, value: Value) => void
  /** The one used longest ago stands first. */
  readonly #values = new Map<string, Value>()

  constructor(create: () => Value, forgotten: (address: string, value: Value) => void = () => {}) {
    this.#create = create
    this.#forgotten = forgotten
  }

  /** That of a client, or a new one. */
  get(address: string): Value {
    const client = clientAt(address)
    const value = this.#values.get(client) ?? this.#create()
    this.#values.delete(client)
    this.#values.set(client, value)
    if (this.#values.size > MOST) this.#forget(this.#values.keys().next().value!)
    return value
  }

  clear(): void {
    for (const client of this.#values.keys()) this.#forget(client)
  }

  #forget(client: string): void {
    const value = this.#values.get(client)!
    this.#values.delete(client)
    this.#forgotten(client, value)
  }
}
