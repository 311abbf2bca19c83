// One connection, from the press of the button to its end; what is seen on the way goes to an observer.

import { connect, type ConnectionInfo, type IoEvent, type LibSsl, type TlsConnection, type WireTraceEvent } from 'libssl-wasm'
import type { PageTarget } from '../page-target.js'

/** What happens, as it happens. After {@link Session.abandon} nothing is told any more. */
export interface SessionObserver {
  onTunnel(): void
  onTrace(event: WireTraceEvent): void
  onIo(event: IoEvent): void
  onKeylog(line: string): void
  onOpened(info: ConnectionInfo): void
  onAnswer(chunk: Uint8Array): void
  onClosed(): void
  onFailed(error: unknown): void
}

export class Session {
  readonly #tls: TlsConnection
  readonly #abandoned = new AbortController()

  constructor(target: PageTarget, ca: string | readonly (string | Uint8Array)[], libssl: LibSsl, observer: SessionObserver) {
    const { signal } = this.#abandoned
    const told = <Arguments extends unknown[]>(tell: (...args: Arguments) => void) =>
      (...args: Arguments) => { if (!signal.aborted) tell(...args) }
    const socket = new WebSocket(target.url, CREDIT_PROTOCOL)
    socket.addEventListener('open', told(() => observer.onTunnel()))
    this.#tls = connect(socket, {
      servername: target.servername,
      ca,
      libssl,
      signal,
      onTrace: told((event) => { if (event.kind !== 'state') observer.onTrace(event) }),
      onIo: told((event) => observer.onIo(event)),
      onKeylog: told((line) => observer.onKeylog(line)),
    })
    const failed = told((error) => observer.onFailed(error))
    this.#run(told((info) => observer.onOpened(info)), told((chunk) => observer.onAnswer(chunk)))
      .then(told(() => observer.onClosed()), failed)
  }

  async send(text: string): Promise<void> {
    const writer = this.#tls.writable.getWriter()
    try {
      await writer.write(new TextEncoder().encode(text.replace(/\r?\n/g, '\r\n')))
    } finally {
      writer.releaseLock()
    }
  }

  /** Says goodbye. The observer is told when it is done. */
  close(): void {
    this.#tls.close({ waitForPeerMs: GOODBYE_MS }).catch(() => {}) // the observer is told
  }

  /** Ends it at once, and silently. */
  abandon(): void {
    this.#abandoned.abort()
  }

  async #run(onOpened: (info: ConnectionInfo) => void, onAnswer: (chunk: Uint8Array) => void): Promise<void> {
    onOpened(await this.#tls.opened)
    const reader = this.#tls.readable.getReader()
    for (let result = await reader.read(); !result.done; result = await reader.read()) onAnswer(result.value)
    await this.#tls.close() // the server said goodbye; so do we
    await this.#tls.closed
  }
}

/** With it the relay holds back what the page does not read: docs/relay.md. */
const CREDIT_PROTOCOL = 'libssl-wasm.credit.v1'
/** How long a server may take to answer our close_notify with its own. */
const GOODBYE_MS = 2_000
