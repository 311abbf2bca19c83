// Linear memory. A view of it dies silently when memory grows, so views are made here alone and live for one
// expression; only copies leave this file.

import { InternalError } from '../base/errors.js'
import { decodeUtf8, utf8 } from '../base/bytes.js'
import type { Border } from './border.js'
import type { Ffi, LibsslModule } from './ffi.gen.js'
import * as C from './functions.gen.js'
import { NULL, type Owned, type Ptr } from './pointers.js'

/** Memory that is freed, overwritten first, when the scope that gave it ends. */
export interface Scope {
  /** `size` zeroed bytes. */
  alloc<T extends string = 'uint8_t'>(size: number): Ptr<T>
  /** A copy of `source`. */
  bytes(source: Uint8Array): Ptr<'uint8_t'>
  /** A NUL-terminated copy. The text must not hold a NUL of its own. */
  cstring(text: string): Ptr<'char'>
}

export class Memory {
  readonly #ffi: Ffi
  readonly #border: Border
  readonly #memory: LibsslModule['wasmMemory']
  #u8: Uint8Array<ArrayBuffer>
  #i32: Int32Array<ArrayBuffer>

  constructor(ffi: Ffi, border: Border, memory: LibsslModule['wasmMemory']) {
    this.#ffi = ffi
    this.#border = border
    this.#memory = memory
    this.#u8 = new Uint8Array(memory.buffer)
    this.#i32 = new Int32Array(memory.buffer)
  }

  // Growth detaches the old buffer: its views then have length 0. After a trap nothing here can be trusted.
  #bytes(): Uint8Array<ArrayBuffer> {
    this.#border.throwIfAborted()
    if (this.#u8.byteLength === 0) this.#u8 = new Uint8Array(this.#memory.buffer)
    return this.#u8
  }

  #words(): Int32Array<ArrayBuffer> {
    this.#border.throwIfAborted()
    if (this.#i32.byteLength === 0) this.#i32 = new Int32Array(this.#memory.buffer)
    return this.#i32
  }

  /** Bytes of linear memory, used or not. */
  get byteLength(): number {
    return this.#memory.buffer.byteLength
  }

  copyOut(ptr: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#bytes().slice(ptr, ptr + length)
  }

  copyOutTo(ptr: number, length: number, target: Uint8Array, offset = 0): void {
    target.set(this.#bytes().subarray(ptr, ptr + length), offset)
  }

  copyIn(source: Uint8Array, ptr: number): void {
    this.#bytes().set(source, ptr)
  }

  readInt32(ptr: number): number {
    return this.#words()[ptr >> 2]!
  }

  /** An address stored at `ptr`. */
  readPtr<T extends string>(ptr: number): Ptr<T> {
    return (this.readInt32(ptr) >>> 0) as Ptr<T>
  }

  /** The NUL-terminated UTF-8 at `ptr`. */
  readCString(ptr: number): string {
    const bytes = this.#bytes()
    return decodeUtf8(bytes.slice(ptr, bytes.indexOf(0, ptr)))
  }

  /** The same; `undefined` for NULL. */
  optionalCString(ptr: number): string | undefined {
    return ptr === 0 ? undefined : this.readCString(ptr)
  }

  /** Memory that its holder must give to {@link free}, with the same size. */
  alloc<T extends string = 'uint8_t'>(size: number): Owned<T> {
    const ptr = this.#ffi[C.alloc](size)
    if (ptr === 0) throw new InternalError('ERR_TLS_OUT_OF_MEMORY', `cannot allocate ${size} bytes of WebAssembly memory`)
    return ptr as Owned<string> as Owned<T>
  }

  /** Stores at `slot` the address of a copy that C will free; returns its length. */
  give(source: Uint8Array, slot: Ptr<'uint8_t*'>): number {
    const copy = this.alloc(source.byteLength)
    this.copyIn(source, copy)
    this.#words()[slot >> 2] = copy
    return source.byteLength
  }

  free(ptr: Owned<string>, size: number): void {
    this.#ffi[C.free](ptr as Owned<'uint8_t'>, size)
  }

  /** Runs `body` with memory that is overwritten and freed when it returns or throws. */
  scope<R>(body: (scope: Scope) => R): R {
    const taken: [Owned<string>, number][] = []
    const alloc = <T extends string>(size: number): Ptr<T> => {
      const ptr = this.alloc<T>(size)
      taken.push([ptr, size])
      return ptr
    }
    const bytes = (source: Uint8Array): Ptr<'uint8_t'> => {
      const ptr = alloc<'uint8_t'>(source.byteLength)
      this.copyIn(source, ptr)
      return ptr
    }
    try {
      return body({ alloc, bytes, cstring: (text) => bytes(utf8(text + '\0')) as Ptr<string> as Ptr<'char'> })
    } finally {
      for (const [ptr, size] of taken.reverse()) this.free(ptr, size)
    }
  }

  /** The bytes that `write` writes: `(buf, capacity) → length needed, or negative`. */
  collect(write: (buf: Ptr<'uint8_t'>, capacity: number) => number): Uint8Array<ArrayBuffer> | undefined {
    const length = write(NULL, 0)
    if (length < 0) return undefined
    return this.scope((scope) => {
      const buf = scope.alloc(length)
      write(buf, length)
      return this.copyOut(buf, length)
    })
  }

  /** The same, as text. */
  collectText(write: (buf: Ptr<'uint8_t'>, capacity: number) => number): string {
    return decodeUtf8(this.collect(write) ?? new Uint8Array())
  }
}
