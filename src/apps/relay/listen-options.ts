// The options of a relay that listens, beside its rules.

import { checkOptions, invalid, isCount, isIntegerFrom, isMilliseconds, isString, type Check } from '../../base/options.js'
import { withoutBrackets } from '../../transports/target.js'
import { complete, isListOf, ruleChecks, type RelayRules, type RelaySettings } from './relay-options.js'
import { networkOf } from './trusted-proxies.js'

export interface RelayOptions extends RelayRules {
  /** The address to listen on; IPv6 with brackets or without. Default `127.0.0.1`: this machine alone. */
  readonly host?: string | undefined
  /** The port to listen on. Default 0: the system picks one. */
  readonly port?: number | undefined
  /** PEM: the certificate and its chain, and the key for it. Both: the relay speaks `wss:`. Default none: `ws:`. */
  readonly tlsCert?: string | undefined
  /** PEM: the private key of `tlsCert`, without a passphrase. */
  readonly tlsKey?: string | undefined
  /**
   * Networks such as `10.0.0.0/8`, or addresses, of proxies that tell the client's address in X-Forwarded-For. Default none: the client
   * is who connects.
   */
  readonly trustProxy?: readonly string[] | undefined
  /** `host:port` where to serve `/metrics` and `/healthz` to those who watch the relay. Default none. */
  readonly metricsListen?: string | undefined
  /** Requests that are not answered yet, for one client half of them; a further one is hung up on. Default 100. */
  readonly maxRequests?: number | undefined
  /** How long a request may take to arrive; then 408. Default 10000. */
  readonly requestTimeoutMs?: number | undefined
}

/** What may change while the relay runs: lists, tokens, the certificate and its key. */
export type RelayChanges = Pick<RelayOptions, 'allow' | 'origins' | 'token' | 'tlsCert' | 'tlsKey'>
export const changeable: readonly (keyof RelayChanges)[] = ['allow', 'origins', 'token', 'tlsCert', 'tlsKey']

/** PKCS#8 and the older form. */
const ENCRYPTED = /^(-----BEGIN |Proc-Type: 4,)ENCRYPTED/m

const optionChecks: Readonly<Record<keyof RelayOptions, Check>> = {
  ...ruleChecks,
  host: isString,
  port: isIntegerFrom(0, 65535),
  tlsCert: isString,
  tlsKey: (value) => isString(value) ?? (ENCRYPTED.test(value as string)
    ? "is encrypted: give the key without a passphrase, as 'openssl pkey -in FILE -out NEW' makes it" : undefined),
  trustProxy: isListOf('addresses or networks such as \'10.0.0.0/8\'', networkOf),
  metricsListen: (value) => (typeof value === 'string' && parseEndpoint(value) ? undefined : "must be host:port, such as '127.0.0.1:9090'"),
  maxRequests: isCount,
  requestTimeoutMs: isMilliseconds(1),
}

/** The settings of a relay that listens, beside its rules. */
export interface ListenSettings {
  readonly host: string
  readonly port: number
  /** To speak `wss:`. */
  readonly tls: { readonly cert: string, readonly key: string } | undefined
  readonly trustProxy: readonly string[]
  readonly metricsListen: { readonly host: string, readonly port: number } | undefined
  readonly maxRequests: number
  readonly requestTimeoutMs: number
}

/** As {@link checkRelayRules}, with where and how to listen. */
export function checkRelayOptions(options: RelayOptions): { settings: RelaySettings, listening: ListenSettings } {
  const {
    host = '127.0.0.1', port = 0, tlsCert: cert, tlsKey: key, trustProxy = [], metricsListen, maxRequests, requestTimeoutMs, ...rules
  } = checkOptions(options, optionChecks, 'a relay')
  if (cert === undefined && key !== undefined) throw invalid('tlsKey', 'needs tlsCert beside it')
  if (cert !== undefined && key === undefined) throw invalid('tlsCert', 'needs tlsKey beside it')
  const listening = {
    host: withoutBrackets(host),
    port,
    tls: cert === undefined || key === undefined ? undefined : { cert, key },
    trustProxy,
    metricsListen: metricsListen === undefined ? undefined : parseEndpoint(metricsListen),
    maxRequests: maxRequests ?? listenDefaults.maxRequests,
    requestTimeoutMs: requestTimeoutMs ?? listenDefaults.requestTimeoutMs,
  }
  return { settings: complete(rules), listening }
}

export const listenDefaults = { maxRequests: 100, requestTimeoutMs: 10_000 }

/** Unlike a target's its port may be 0: the system picks one. */
function parseEndpoint(text: string): { host: string, port: number } | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+)):([0-9]{1,5})$/i.exec(text) ?? []
  const host = bracketed ?? plain
  return host !== undefined && Number(digits) <= 65535 ? { host, port: Number(digits) } : undefined
}
