// The readable half of a connection: a byte stream, wherever the platform has those.

/** What is used of a byte stream's controller; an ordinary stream's has no requests. */
export interface ReadableController {
  readonly byobRequest?: ReadableStreamBYOBRequest | null
  enqueue(chunk: Uint8Array<ArrayBuffer>): void
  close(): void
  error(reason: unknown): void
}

/** A byte stream that is read only as fast as it is read; an ordinary stream where the platform has no others (WebKitGTK). */
export function makeReadable(source: {
  start(controller: ReadableController): void
  pull(controller: ReadableController): Promise<void>
  cancel(): Promise<void>
}): ReadableStream<Uint8Array<ArrayBuffer>> {
  const strategy = { highWaterMark: 0 }
  try {
    return new ReadableStream({ type: 'bytes', ...source }, strategy)
  } catch {
    return new ReadableStream(source, strategy)
  }
}
