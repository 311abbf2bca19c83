// load: where the WebAssembly comes from, and that each instance is its own.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { BioPair, InternalError, load, loadSync, SslCtx, type LibSsl } from '../../src/core.js'
import type { WasmSource } from '../../src/loader/load-module.js'
import { Link } from '../helpers/link.js'

let bytes: Uint8Array<ArrayBuffer>
let module: WebAssembly.Module
beforeAll(async () => {
  bytes = new Uint8Array(await readFile(new URL('../../lib/libssl-wasm/libssl.wasm', import.meta.url)))
  module = await WebAssembly.compile(bytes)
})

function works(lib: LibSsl): void {
  expect(lib.version).toMatch(/^OpenSSL \d+\.\d+\.\d+/)
  const link = new Link(lib).established()
  expect(link.client.ssl.getVersion()).toBe('TLSv1.3')
  link.free()
}

describe('load', () => {
  it('gives another instance each time, with memory of its own', async () => {
    const [a, b] = await Promise.all([load(), load()])
    expect(a).not.toBe(b)
    const before = { allocated: b.allocatedBytes, memory: b.memoryBytes }
    const pair = new BioPair(a, 32 << 20)
    expect(a.memoryBytes).toBeGreaterThan(32 << 20)
    expect({ allocated: b.allocatedBytes, memory: b.memoryBytes }).toEqual(before)
    pair.free()
    works(a)
    works(b)
  })

  it.each<[string, () => WasmSource]>([
    ['a compiled module', () => module],
    ['bytes', () => bytes],
    ['an ArrayBuffer', () => bytes.buffer],
    ['a view into more bytes',
      () => { const more = new Uint8Array(bytes.length + 20); more.set(bytes, 10); return more.subarray(10, 10 + bytes.length) }],
    ['a promise of a module', () => Promise.resolve(module)],
    ['a promise of bytes', () => Promise.resolve(bytes)],
    ['a response of the right type', () => new Response(bytes, { headers: { 'content-type': 'application/wasm' } })],
    ['a response of another type', () => new Response(bytes, { headers: { 'content-type': 'application/octet-stream' } })],
    ['a promise of a response', () => Promise.resolve(new Response(bytes))],
  ])('takes %s', async (_, wasm) => {
    works(await load({ wasm: wasm() }))
  })

  it.each<[string, () => WasmSource]>([
    ['bytes that are no WebAssembly', () => new TextEncoder().encode('not WebAssembly') as Uint8Array<ArrayBuffer>],
    ['no bytes', () => new Uint8Array()],
    ['a file that was cut', () => bytes.slice(0, bytes.length >> 1)],
    ['a page in place of the file', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['a module that is another', () => new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))],
    ['a promise that is rejected', () => Promise.reject(new Error('no network'))],
    ['nothing of the kind', () => 42 as unknown as WasmSource],
  ])('rejects %s, and works the next time', async (_, wasm) => {
    await expect(load({ wasm: wasm() })).rejects.toThrow()
    works(await load({ wasm: module }))
    works(await load())
  })

  it('rejects a response that says that it failed', async () => {
    const answer = load({ wasm: new Response('not here', { status: 404 }) })
    await expect(answer).rejects.toBeInstanceOf(InternalError)
    await expect(answer).rejects.toMatchObject({ code: 'ERR_TLS_INTERNAL', message: expect.stringContaining('404') as unknown })
  })

  const page = (type?: string) => async (): Promise<string> => {
    const server =
      createServer((_, response) => { response.writeHead(200, type === undefined ? {} : { 'content-type': type }).end('<!doctype html>') })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => { server.close() })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/libssl.wasm`
  }

  it.each([
    ['a page', page('text/html'), 'is not WebAssembly (text/html)'],
    ['what has no type', page(), 'is not WebAssembly (without a Content-Type)'],
    ["a page from Vite's cache", async () => `${await page('text/html')()}/.vite/deps`, "optimizeDeps: { exclude: ['libssl-wasm'] }"],
  ])('says of %s where it came from, and what to do', async (_, serve, words) => {
    const url = await serve()
    const answer = load({ wasm: fetch(url) })
    await expect(answer).rejects.toMatchObject({
      name: 'InternalError', code: 'ERR_TLS_INTERNAL', message: expect.stringContaining(url) as unknown,
    })
    await expect(answer).rejects.toThrow(words)
  })

  it('says where the file is missing, beside a program that was bundled', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'libssl-wasm-load-'))
    onTestFinished(() => { rmSync(directory, { recursive: true }) })
    const entry = fileURLToPath(new URL('../../dist/core.js', import.meta.url))
    await build({
      entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', outfile: join(directory, 'core.mjs'), logLevel: 'silent',
    })
    const { load: missing } = await import(pathToFileURL(join(directory, 'core.mjs')).href) as { load: typeof load }
    await expect(missing()).rejects.toMatchObject({
      name: 'InternalError', code: 'ERR_TLS_INTERNAL', cause: { code: 'ENOENT' },
      message: expect.stringMatching(/from file:\S+\/libssl-wasm\/libssl\.wasm: .*docs\/bundlers\.md/) as unknown,
    })
  })

  it.each<[string, () => Parameters<typeof loadSync>[0]]>([
    ['the file of the package', () => undefined],
    ['a compiled module', () => ({ wasm: module })],
    ['bytes', () => ({ wasm: bytes })],
  ])('takes %s at once', (_, options) => {
    works(loadSync(options()))
  })

  it.each<[string, Parameters<typeof loadSync>[0]]>([
    ['bytes that are no WebAssembly', { wasm: new Uint8Array(8) }],
    ['a module that is another', { wasm: new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)) }],
  ])('refuses %s at once', (_, options) => {
    expect(() => loadSync(options)).toThrow()
    works(loadSync())
  })

  it('says that a page must wait first, and need not afterwards', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'libssl-wasm-load-'))
    onTestFinished(() => { rmSync(directory, { recursive: true }) })
    const outfile = join(directory, 'core.mjs')
    const entry = fileURLToPath(new URL('../../dist/core.js', import.meta.url))
    await build({ entryPoints: [entry], bundle: true, platform: 'browser', format: 'esm', outfile, logLevel: 'silent' })
    const page = await import(pathToFileURL(outfile).href) as { load: typeof load; loadSync: typeof loadSync }
    expect(() => page.loadSync())
      .toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_STATE', message: expect.stringContaining('await') as unknown }))
    await page.load({ wasm: bytes })
    expect(() => page.loadSync()).toThrow(expect.objectContaining({ code: 'ERR_TLS_INVALID_STATE' })) // that was another code
    expect(page.loadSync({ wasm: bytes }).version).toContain('OpenSSL')
  })

  it('makes an instance that is small while it is idle', async () => {
    const lib = await load()
    expect(lib.memoryBytes).toBeLessThan(4 << 20)
    expect(lib.allocatedBytes).toBeLessThan(256 << 10)
    new SslCtx(lib, 'TLS_client_method').free()
  })
})

describe('crypto.getRandomValues', () => {
  const run = promisify(execFile)
  const root = fileURLToPath(new URL('../../', import.meta.url))

  /** What becomes of `load`, and then of a first context, in a process of its own, in which `prepare` was run first. */
  async function outcome(prepare: string): Promise<string> {
    const script = `
      await import('./test/helpers/blocking-source.mjs')
      const { load, SslCtx } = await import('./src/core.ts')
      ${prepare}
      const failed = (error) => error.name + ' ' + error.code
      const lib = await load().catch((error) => console.log(failed(error)))
      if (lib) try { console.log(typeof new SslCtx(lib, 'TLS_client_method')) } catch (error)
        { console.log('loaded', failed(error), lib.allocatedBytes > 0) }`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: root })
    return stdout.trim()
  }

  it('is all that is asked for', async () => {
    expect(await outcome('')).toBe('object')
  })

  it.each([
    ['there is no crypto', 'delete globalThis.crypto'],
    ['crypto has no getRandomValues', 'Object.defineProperty(globalThis, "crypto", { value: {} })'],
  ])('load rejects with ERR_TLS_NO_ENTROPY if %s', async (_, prepare) => {
    expect(await outcome(prepare)).toBe('ApiMisuseError ERR_TLS_NO_ENTROPY')
  })

  // As in an edge worker that starts.
  it('load does not ask it; SslCtx does, and throws ERR_TLS_NO_ENTROPY if it throws', async () => {
    const prepare = 'Object.defineProperty(globalThis, "crypto", { value: { getRandomValues() { throw new Error("no entropy") } } })'
    expect(await outcome(prepare)).toBe('loaded ApiMisuseError ERR_TLS_NO_ENTROPY true')
  })

  it('is not tried again for a context once it has given', async () => {
    const prepare = `
      let asked = 0
      const { getRandomValues } = crypto
      crypto.getRandomValues = (bytes) => { asked++; return getRandomValues.call(crypto, bytes) }
      const one = await load()
      new SslCtx(one, 'TLS_client_method')
      const before = asked
      new SslCtx(one, 'TLS_client_method')
      console.log(asked - before)`
    expect(await outcome(prepare)).toBe('0\nobject')
  })
})
