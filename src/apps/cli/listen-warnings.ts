// What an operator may have overlooked in how the relay listens. What holds on every host is in ../relay/relay-warnings.ts.

import { networkOf } from '../relay/trusted-proxies.js'

/** Addresses that mean: on each network that the machine is in. */
const everywhere = ['0.0.0.0', '[::]']

/** No private network is wider than 10.0.0.0/8 and fc00::/7 (RFC 1918, RFC 4193). */
const widestBits = { ipv4: 8, ipv6: 7 }

/** `metricsUrl`: where the metrics are. */
export function listenWarnings(trustProxy: readonly string[], metricsUrl: string | undefined): string[] {
  const tooWide = trustProxy.filter((text) => {
    const { prefixBits, family } = networkOf(text)!
    return prefixBits < widestBits[family]
  })
  const metricsHost = metricsUrl === undefined ? '' : new URL(metricsUrl).hostname
  return [
    ...tooWide.map((text) => `--trust-proxy ${text} takes strangers for proxies: they may give any address as their client's. `
      + 'Name the address or the network of your proxies alone'),
    ...(everywhere.includes(metricsHost)
      ? [`anyone may read the metrics at ${metricsHost}: give --metrics-listen an address of loopback or of a network of your own`] : []),
  ]
}
