// Data to send, and data that came.

import { createHash, randomBytes, randomInt } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { TlsConnection } from '../../../src/index.js'

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** `count` blocks of random bytes and random sizes: tiny ones, some around a record's 16 KiB, some above the 64 KiB of a batch. */
export function randomBlocks(count: number): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: count }, () => new Uint8Array(randomBytes(randomInt(1, [10, 17_000, 100_000][randomInt(3)]!))))
}

export async function readAll(readable: TlsConnection['readable']): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of readable) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** All that a Node stream gives until its end. Unlike its own toArray() this does not destroy the stream then. */
export function collect(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.once('end', () => resolve(Buffer.concat(chunks)))
    stream.once('error', reject)
  })
}

/** Reads until `enough` of what came; the stream stays usable. Fails if it ends before. */
export async function readUntil(readable: TlsConnection['readable'], enough: (bytes: Buffer) => boolean): Promise<Buffer> {
  const reader = readable.getReader()
  try {
    for (let bytes = Buffer.alloc(0);;) {
      if (enough(bytes)) return bytes
      const { value, done } = await reader.read()
      if (done) throw new Error(`the stream ended after ${bytes.byteLength} bytes: ${bytes.toString('latin1').slice(-500)}`)
      bytes = Buffer.concat([bytes, value])
    }
  } finally {
    reader.releaseLock()
  }
}

/** Writes, and leaves the stream open and unlocked. */
export async function send(writable: TlsConnection['writable'], ...blocks: readonly (string | Uint8Array<ArrayBuffer>)[]): Promise<void> {
  const writer = writable.getWriter()
  try {
    for (const block of blocks) await writer.write(typeof block === 'string' ? new TextEncoder().encode(block) : block)
  } finally {
    writer.releaseLock()
  }
}

/** Sends an HTTP request whose answer ends with the connection, and returns all of the answer. */
export async function fetchPage(connection: TlsConnection, path = '/'): Promise<Buffer> {
  await send(connection.writable, `GET ${path} HTTP/1.0\r\nHost: localhost\r\n\r\n`)
  return readAll(connection.readable)
}

/** What stands after the header of an HTTP answer. */
export function bodyOf(answer: Buffer): Buffer {
  return answer.subarray(answer.indexOf('\r\n\r\n') + 4)
}
