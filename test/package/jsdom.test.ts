// A consumer's own unit tests, under vitest with jsdom: there Uint8Array, AbortSignal, URL and DOMException are those of a page
// that is not there, and Node's sockets give Node's. Installed, the package is loaded by Node; linked, vitest transforms it.

import { renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { authority, localhost } from '../helpers/certificates.js'
import { installed, runInstalled } from '../helpers/installed.js'
import { project } from '../helpers/project.js'

vi.setConfig({ testTimeout: 180_000 })

const consumersTest = `
  import net from 'node:net'
  import nodeTls from 'node:tls'
  import { afterAll, beforeAll, describe, expect, it } from 'vitest'
  import { connect, fromNodeStream, memoryTransportPair, accept } from 'libssl-wasm'

  const { ca, cert, key } = ${JSON.stringify({ ca: authority.ca.cert, cert: localhost.cert, key: localhost.key })}
  const server = nodeTls.createServer({ cert, key }, (socket) => socket.on('error', () => {}).pipe(socket))
  beforeAll(() => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve)))
  afterAll(() => server.close())
  const dial = () => net.connect(server.address().port, '127.0.0.1')
  const echo = async ({ opened, readable, writable }) => {
    await opened
    const writer = writable.getWriter()
    await writer.write(new TextEncoder().encode('to and '))
    await writer.write(new Uint8Array([102, 114, 111]))
    await writer.close()
    let text = ''
    for await (const chunk of readable) text += Buffer.from(chunk)
    expect(text).toBe('to and fro')
  }

  it('has a page, whose classes are not those of Node', () => {
    expect(document.body.nodeName).toBe('BODY')
    expect(Buffer.alloc(1) instanceof Uint8Array).toBe(false)
  })

  describe.each(['TLSv1.2', 'TLSv1.3'])('connect, %s', (minVersion) => {
    const options = { servername: 'localhost', ca, minVersion, maxVersion: minVersion }
    it('takes a socket', () => echo(connect(dial(), options)))
    it('takes streams', () => echo(connect(fromNodeStream(dial()), options)))
    it('takes bytes', () => echo(connect(dial(), { ...options, ca: new TextEncoder().encode(ca) })))
    it('takes Buffers', () => echo(connect(dial(), { ...options, ca: Buffer.from(ca) })))
    it('takes a signal', async () => {
      const controller = new AbortController()
      const tls = connect(dial(), { ...options, signal: controller.signal })
      await tls.opened
      controller.abort()
      await expect(tls.closed).rejects.toMatchObject({ name: 'AbortError' })
      expect(() => connect(memoryTransportPair()[0], { ...options, signal: controller.signal }))
        .toThrow(expect.objectContaining({ name: 'AbortError' }))
    })
  })

  it('accept serves connect', async () => {
    const [near, far] = memoryTransportPair()
    const other = accept(far, { cert, key: Buffer.from(key) })
    void other.readable.pipeTo(other.writable)
    await echo(connect(near, { servername: 'localhost', ca }))
  })
`

async function consumer(): Promise<string> {
  const directory = await project({ 'consumer.test.mjs': consumersTest })
  for (const name of ['vitest', 'jsdom']) symlinkSync(installed(name), join(directory, 'node_modules', name))
  return directory
}

const run = (directory: string) => runInstalled('vitest/vitest.mjs', ['run', '--environment', 'jsdom', '--root', directory], directory)

describe("a consumer's tests under vitest and jsdom", () => {
  it('pass, the package being installed', async () => {
    expect(await run(await consumer())).toMatch(/Tests +12 passed/)
  })

  it('pass, the package being linked', async () => {
    const directory = await consumer()
    const place = join(directory, 'node_modules/libssl-wasm')
    renameSync(place, join(directory, 'away'))
    symlinkSync(fileURLToPath(new URL('../../', import.meta.url)), place)
    expect(await run(directory)).toMatch(/Tests +12 passed/)
  })
})
