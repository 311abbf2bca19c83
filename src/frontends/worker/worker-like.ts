// What is used of workers, whosever they are.

/** A Worker of the web's, or of Node's. */
export interface WorkerLike {
  /** Posts a message; what is in `transfer` changes hands. */
  postMessage(message: unknown, transfer: readonly any[]): void
  /** Ends the worker. */
  terminate(): unknown
  /** A Worker of the web's: tells a function of its events. */
  addEventListener?(type: 'error' | 'messageerror', listener: (event: any) => void): void
  /** A Worker of Node's: tells a function of its events. */
  on?(type: 'error' | 'exit', listener: (value: any) => void): unknown
}

/** How a worker hears of its page. */
export interface WorkerParent {
  addEventListener(type: 'message', listener: (event: { data: any }) => void): void
}
