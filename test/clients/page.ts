// Runs one client in a page, which its bundle is for: see pages.ts. The page's address says which client, as which run, and through what.

import { showEach } from './show-each.js'
import type { Kit, Shown, Shows } from './show.js'

const { default: net, setDialer, tunnelDialer, wispDialer } =
  await import('libssl-wasm/node/net' as string) as typeof import('../../src/node/net/index.js')
const { default: tls, ready } = await import('libssl-wasm/node/tls' as string) as typeof import('../../src/node/tls/index.js')

/** What a page posts to `/told/RUN`. */
export type Told = { readonly shown: Shown } | { readonly done: true } | { readonly crashed: string }

const dialers: Readonly<Record<string, (relay: string) => void>> = {
  tunnel: (relay) => setDialer(tunnelDialer(relay)),
  wisp: (relay) => setDialer(wispDialer(`${relay}/wisp/`)),
}

/** @param clients what imports each client's file, by its name */
export async function runInPage(clients: Readonly<Record<string, () => Promise<{ shows: Shows<unknown> }>>>): Promise<void> {
  const { client, run, relay, through } = Object.fromEntries(new URL(location.href).searchParams) as Record<string, string>
  const tell = (told: Told) => fetch(`/told/${run}`, { method: 'POST', body: JSON.stringify(told) })
  dialers[through!]!(relay!)
  await ready()
  const kit: Kit<unknown> = { ...await (await fetch(`/kit/${run}`)).json(), tls, net }
  const { shows } = await clients[client!]!()
  await showEach(shows, kit, (shown) => tell({ shown }))
  await tell({ done: true })
}
