// A real TLS server that we did not write, on a port that the system picks.

import { spawn, type ChildProcess } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import type { KeyPair } from '../certificates.js'

export interface DemoServer {
  readonly port: number
  readonly command: string
  stop(): Promise<void>
}

/**
 * `openssl s_server -www` on loopback: it answers each request with a page about the connection.
 * @param args more of its options
 * @param chainFile certificates to send after its own, PEM
 */
export async function startServer({ certFile, keyFile }: KeyPair, args: readonly string[] = [], chainFile?: string): Promise<DemoServer> {
  const port = await freePort()
  const accept = ['-accept', `127.0.0.1:${port}`]
  const chain = chainFile === undefined ? [] : ['-cert_chain', chainFile]
  const child = spawn(
    'openssl', ['s_server', ...accept, '-cert', certFile, '-key', keyFile, ...chain, '-www', ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  await listening(child)
  return {
    port,
    command: [
      'openssl s_server', ...accept, '-cert … -key …', ...(chainFile === undefined ? [] : ['-cert_chain …']), '-www', ...args,
    ].join(' '),
    stop: () => new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve()
      child.once('exit', () => resolve())
      child.kill()
    }),
  }
}

/** s_server says ACCEPT when it listens. */
function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    const listen = (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('ACCEPT')) resolve()
    }
    child.stdout!.on('data', listen)
    child.stderr!.on('data', listen)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`openssl s_server ended with ${code}:\n${said}`)))
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
