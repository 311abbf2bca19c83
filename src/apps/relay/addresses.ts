// Addresses of clients, of which some may be spelled in many ways.

/** IPv6 in the shortest form, and IPv4 where it is shown in IPv6. What is no IPv6 address, or has a zone, stays as it is. */
export function inOneSpelling(address: string): string {
  if (!/^[0-9a-f.]*:[0-9a-f.:]*$/i.test(address)) return address
  let shortest: string
  try {
    shortest = new URL(`http://[${address}]`).hostname.slice(1, -1)
  } catch {
    return address
  }
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(shortest) ?? []
  if (high === undefined || low === undefined) return shortest
  return [high, low].map((digits) => parseInt(digits, 16)).flatMap((number) => [number >> 8, number & 255]).join('.')
}

export function isLoopback(address: string): boolean {
  return /^(127\.|::1$)/.test(inOneSpelling(address))
}
