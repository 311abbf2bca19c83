// IP addresses as text, as node:net knows them.

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)

/** Four decimal numbers without leading zeros. */
export function isIPv4(address: unknown): boolean {
  return IPV4.test(String(address))
}

/** Also with a zone (`fe80::1%eth0`) or an IPv4 address at its end. */
export function isIPv6(address: unknown): boolean {
  return groupsOf(String(address)) !== undefined
}

/** 4, 6, or 0 for anything else. */
export function isIP(address: unknown): 0 | 4 | 6 {
  return isIPv4(address) ? 4 : isIPv6(address) ? 6 : 0
}

/** The one form that an address has, as inet_ntop(3) writes it, without a zone; `undefined` if it is none. */
export function canonicalIp(address: string): string | undefined {
  if (isIPv4(address)) return address
  const groups = groupsOf(address)
  if (!groups) return undefined
  const zeros = longestZeros(groups)
  // An IPv4 address in the last 32 bits is written as one.
  const isMapped = zeros.length === 5 && groups[5] === 0xffff
  if (zeros.start === 0 && (isMapped || zeros.length === 6)) {
    const octets = groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]).join('.')
    return isMapped ? `::ffff:${octets}` : `::${octets}`
  }
  const hex = (some: readonly number[]) => some.map((group) => group.toString(16)).join(':')
  return zeros.length < 2 ? hex(groups) : `${hex(groups.slice(0, zeros.start))}::${hex(groups.slice(zeros.start + zeros.length))}`
}

/** An address as a number of 128 bits, an IPv4 address as IPv6 holds it (`::ffff:0:0/96`); `undefined` if it is none. */
export function ipNumber(address: string): bigint | undefined {
  const groups = groupsOf(isIPv4(address) ? `::ffff:${address}` : address)
  return groups?.reduce((number, group) => number << 16n | BigInt(group), 0n)
}

/** The eight numbers of an IPv6 address. */
function groupsOf(text: string): number[] | undefined {
  const [, address, dotted] = /^([\da-f:]*?)((?<=:)[\d.]+\.[\d.]*)?(?:%[\w.:-]+)?$/i.exec(text) ?? []
  if (address === undefined || (dotted !== undefined && !isIPv4(dotted))) return undefined
  const octets = dotted?.split('.').map(Number) ?? []
  const last = octets.length > 0 ? [octets[0]! << 8 | octets[1]!, octets[2]! << 8 | octets[3]!] : []
  const halves = (dotted === undefined ? address : address.replace(/(?<=[^:]):$/, '')).split('::')
  const [head = [], tail] = halves.map((half) => (half === '' ? [] : half.split(':')))
  if (halves.length > 2 || ![...head, ...tail ?? []].every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0) - last.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const numbers = (some: readonly string[]) => some.map((group) => Number.parseInt(group, 16))
  return [...numbers(head), ...Array<number>(missing).fill(0), ...numbers(tail ?? []), ...last]
}

/** The first of the longest runs. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    const end = groups.findIndex((group, index) => index >= start && group !== 0)
    const length = (end < 0 ? groups.length : end) - start
    if (length > longest.length) longest = { start, length }
  }
  return longest
}
