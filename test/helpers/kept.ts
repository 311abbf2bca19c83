// What a test opens, and what closes it: import it at the top of a test file only, as it ends all that is kept after each test.

import type * as net from 'node:net'
import { once } from 'node:events'
import { afterEach } from 'vitest'

/** A socket or a stream, or what has only an end, such as a server. */
type Kept = { readonly destroyed?: boolean; destroy(): unknown } | { close(): unknown }

let opened: Kept[] = []
afterEach(() => { for (const one of opened.splice(0).reverse()) 'destroy' in one ? one.destroy() : one.close() })

/** Ends `one` after the test, the last one first. */
export function kept<T extends Kept>(one: T): T {
  opened.push(one)
  return one
}

/** For a test that opens thousands: those that are destroyed are kept no longer. */
export function forgetDestroyed(): void {
  opened = opened.filter((one) => !('destroyed' in one && one.destroyed))
}

/**
 * Listens on a free port of 127.0.0.1, which is returned. After the test the server is closed, and its connections are destroyed: their
 * errors are of no interest.
 */
export async function listening(server: net.Server): Promise<number> {
  kept({ close: () => server.close() })
  server.on('connection', (socket: net.Socket) => { kept(socket).on('error', () => {}) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as net.AddressInfo).port
}
