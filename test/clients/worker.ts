// An edge worker around one client, which its bundle is for: see workers.ts. Each request, `/0`, `/1`…, shows one thing of the client, from
// its connections' beginning to their end: what one request has opened another may not use. Behind the last one there is nothing: 404.

import { strict as assert } from 'node:assert'
import net from 'node:net'
import tls from 'node:tls'
import { describe, showEach } from './show-each.js'
import type { Kit, Shown, Shows } from './show.js'

/** What a request is answered with. */
export interface Told extends Shown {
  /** What nobody has caught. */
  readonly unhandled: readonly string[]
}

/** @param ours `libssl-wasm/node/tls`, which stands for `node:tls` in the bundle */
export function clientWorker(shows: Shows<unknown>, ours: typeof tls): { fetch(request: Request): Promise<Response> } {
  const unhandled: string[] = []
  addEventListener('unhandledrejection', ({ reason }: PromiseRejectionEvent) => void unhandled.push(describe(reason)))
  addEventListener('error', ({ error }: ErrorEvent) => void unhandled.push(describe(error)))
  assert.equal(tls.connect, ours.connect)
  knowLocalhost()
  return {
    async fetch(request) {
      const entry = Object.entries(shows)[Number(new URL(request.url).pathname.slice(1))]
      if (!entry) return new Response('', { status: 404 })
      const kit = { ...await request.json() as object, tls, net } as Kit<unknown>
      let told!: Shown
      await showEach(Object.fromEntries([entry]), kit, (shown) => { told = shown })
      return Response.json({ ...told, unhandled } satisfies Told)
    },
  }
}

/** `node:dns` asks a name server by fetch() there, which knows no `localhost`, and may be out of reach. */
function knowLocalhost(): void {
  const { fetch } = globalThis
  globalThis.fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    if (url.pathname !== '/dns-query' || url.searchParams.get('name') !== 'localhost') return fetch(input, init)
    const question = { name: 'localhost', type: 1 }
    const answer = { ...question, TTL: 60, data: '127.0.0.1' }
    return Promise.resolve(
      Response.json({ Status: 0, Question: [question], Answer: url.searchParams.get('type') === 'A' ? [answer] : undefined }),
    )
  }
}
