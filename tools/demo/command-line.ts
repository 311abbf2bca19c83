// What the demonstrations in terminal and browser read and print alike.

export interface Address {
  /** IPv6 in brackets. */
  readonly host: string
  readonly port: number
  /** The same without brackets: what the certificate must hold. */
  readonly servername: string
}

/** Reads `HOST:PORT` or `[IPv6]:PORT`. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/i.exec(text)
  const port = Number(match?.[3])
  if (!match || port < 1 || port > 65535) throw new Error(`'${text}' is not HOST:PORT`)
  const host = match[1] ?? match[2]!
  return { host: match[1] ? `[${host}]` : host, port, servername: host }
}

export function say(what: string, text: string): void {
  console.log(`${what.padEnd(13)} ${text}`)
}
