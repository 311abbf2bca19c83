// `libssl-wasm serve`: a server that says of each connection what it found.

import { createServer, type AddressInfo, type Socket } from 'node:net'
import {
  accept, CertificateError, createContext, load, memoryTransportPair, type LibSsl, type TlsContext, type TlsServerConnection, type X509,
} from '../../index.js'
import { formatTarget } from '../../transports/target.js'
import { chainOf } from './chain.js'
import { newDiagnosis } from './diagnosis.js'
import { exitStatus, isUsageError, type ExitStatus } from './exit-status.js'
import { carry, echo } from './pipes.js'
import { readServeRequest, serveFlags, serveHelp, type ServeRequest } from './serve-flags.js'
import { onSignals } from './signals.js'
import { Teller } from './teller.js'

export async function serveCommand(args: readonly string[]): Promise<number> {
  const request = readServeRequest(args)
  if (!request) {
    process.stdout.write(serveHelp())
    return exitStatus.good
  }
  return new ServeCommand(request, await load()).run()
}

class ServeCommand {
  readonly #request: ServeRequest
  readonly #teller: Teller
  readonly #context: TlsContext
  readonly #out: NodeJS.WriteStream
  readonly #ending = new AbortController()
  #connections = 0

  constructor(request: ServeRequest, libssl: LibSsl) {
    const { stdio, json, trace, context: { alpnProtocols = [], ...others } } = request
    this.#request = request
    this.#out = stdio ? process.stderr : process.stdout
    const protocols = Array.isArray(alpnProtocols) ? alpnProtocols as readonly string[] : []
    this.#teller = new Teller({ out: this.#out, json, trace, flags: serveFlags, offered: { alpnProtocols: protocols } })
    try {
      this.#context = createContext({ ...others, ...(protocols.length > 0 && { alpnProtocols: protocols }), libssl })
    } catch (error) {
      throw this.#teller.inTermsOfFlags(error as Error)
    }
  }

  /** Until a signal, or with `once` until one connection has ended. */
  async run(): Promise<number> {
    await this.#rehearse()
    const { host, port, once, json } = this.#request
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
    const { address, port: picked } = server.address() as AddressInfo
    const at = formatTarget({ host: address, port: picked })
    this.#out.write(json ? `${JSON.stringify({ listening: at })}\n` : `listening on ${at}\n`)
    const running = new Set<Promise<ExitStatus>>()
    return new Promise((resolve) => {
      onSignals((_status, reason) => {
        server.close()
        this.#ending.abort(reason)
        void Promise.allSettled(running).then(() => resolve(exitStatus.good))
      })
      server.on('connection', (socket) => {
        if (once) server.close()
        const serving = this.#serve(socket)
        running.add(serving)
        void serving.then((status) => {
          running.delete(serving)
          if (once && !this.#ending.signal.aborted) resolve(status)
        })
      })
    })
  }

  /** Serves nobody, for the sake of the files that only a connection looks at: those of --keylog and --ocsp-response. */
  async #rehearse(): Promise<void> {
    const [nobody, transport] = memoryTransportPair()
    const { opened, closed } = accept(transport, { ...this.#request.connection, context: this.#context })
    closed.catch(() => {}) // told by `opened`
    await Promise.all([opened, nobody.writable.close()]).catch((error: Error) => {
      if (isUsageError(error)) throw this.#teller.inTermsOfFlags(error)
    })
  }

  /** Never rejects. */
  async #serve(socket: Socket): Promise<ExitStatus> {
    const { remoteAddress: host = 'unknown', remotePort: port = 0 } = socket
    const { connection, stdio } = this.#request
    const diagnosis = newDiagnosis('server', `#${++this.#connections} ${formatTarget({ host, port })}`, undefined)
    let tls: TlsServerConnection | undefined
    try {
      tls = accept(socket, {
        ...connection, context: this.#context, signal: this.#ending.signal, ...this.#teller.observers(diagnosis),
      })
      tls.closed.catch(() => {}) // told by the streams
      diagnosis.info = await tls.opened
      diagnosis.timeline.mark('handshake')
      diagnosis.chain = chainOf(diagnosis.info.peerCertificateChain, undefined, [], [])
    } catch (error) {
      diagnosis.error = error
      diagnosis.timeline.mark('failed')
      if (error instanceof CertificateError && error.certificate) {
        const { certificate, code, verifyCode } = error as CertificateError<X509>
        diagnosis.chain = chainOf([certificate!], undefined, [{ code, verifyCode, depth: 0 }], [])
      }
    }
    this.#teller.handshake(diagnosis)
    if (tls && diagnosis.error === undefined) {
      try {
        await (stdio ? carry(tls, diagnosis, false) : echo(tls, diagnosis))
      } catch (error) {
        diagnosis.error = error
        tls.abort(error)
      }
      diagnosis.timeline.mark('end')
    }
    return this.#teller.end(diagnosis)
  }
}
