// What is used of workers, whosever they are.

/** A Worker of the web's, or of Node's. */
export interface WorkerLike {
  postMessage(message: unknown, transfer: readonly any[]): void
  terminate(): unknown
  addEventListener?(type: 'error' | 'messageerror', listener: (event: any) => void): void
  on?(type: 'error' | 'exit', listener: (value: any) => void): unknown
}

/** How a worker hears of its page. */
export interface WorkerParent {
  addEventListener(type: 'message', listener: (event: { data: any }) => void): void
}
