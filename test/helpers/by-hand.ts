// The core upon a socket, for peers that others wrote.

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { BioPair, fatalError, Ssl, SSL_ERROR_WANT_READ, type SslCtx } from '../../src/core.js'

/** An Ssl whose handshake over `socket` is done: a server, unless it has a name to ask for. It is freed with the test. */
export async function handshakeByHand(socket: Socket, ctx: SslCtx, servername?: string, prepare = (_: Ssl) => {}): Promise<Ssl> {
  const ssl = new Ssl(ctx)
  const pair = new BioPair(ctx.lib, 256 * 1024, 256 * 1024)
  onTestFinished(() => {
    ssl.free()
    pair.free()
    ctx.free()
  })
  ssl.setBio(pair.internal)
  if (servername === undefined) {
    ssl.setAcceptState()
  } else {
    ssl.setConnectState()
    ssl.setTlsextHostName(servername)
    ssl.set1Dnsname(servername)
  }
  prepare(ssl)
  for (;;) {
    const result = ssl.doHandshake()
    const records = new Uint8Array(pair.network.ctrlPending())
    if (pair.network.read(records) > 0) socket.write(records)
    if (result.ret === 1) return ssl
    if (result.error !== SSL_ERROR_WANT_READ) throw fatalError(ssl, result)
    const chunk = socket.read() as Uint8Array | null
    if (chunk) pair.network.write(chunk)
    else await once(socket, 'readable')
  }
}
