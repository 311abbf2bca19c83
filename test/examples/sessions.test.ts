import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { accept, memoryServerSessionCache, TicketKeys, type TlsServerConnection } from '../../src/index.js'
import { authority, file, localhost } from '../helpers/certificates.js'
import { serveTcp } from '../interop/peers/tcp.js'

const repo = join(import.meta.dirname, '../..')

describe('examples/sessions.mjs', () => {
  it('makes a full handshake first, and then resumes with early data', { timeout: 30_000 }, async () => {
    const options = {
      cert: localhost.cert, key: localhost.key, ticketKeys: new TicketKeys(), sessionCache: memoryServerSessionCache(),
      maxEarlyDataBytes: 1000,
    }
    const port = await serveTcp((socket) => { serve(accept(socket, options)).catch(() => {}) })
    const kept = file('session')
    const said: string[] = []
    for (let i = 0; i < 3; i++) {
      const { stdout, stderr } = await promisify(execFile)(
        'node', ['examples/sessions.mjs', 'localhost', String(port), authority.ca.certFile, kept], { cwd: repo },
      )
      expect(stderr).toBe('')
      said.push(stdout)
    }
    expect(said).toEqual([
      'full handshake, early data: not sent\nGET / HTTP/1.0 late\n',
      ...Array.from({ length: 2 }, () => 'resumed, early data: accepted\nGET / HTTP/1.0 early\n'),
    ])
  })
})

async function serve({ earlyData, readable, writable }: TlsServerConnection): Promise<void> {
  const early = await earlyData.getReader().read()
  const { value } = early.done ? await readable.getReader().read() : early
  const [line] = new TextDecoder().decode(value).split('\r\n')
  const writer = writable.getWriter()
  await writer.write(new TextEncoder().encode(`${line} ${early.done ? 'late' : 'early'}\n`))
  await writer.close()
}
