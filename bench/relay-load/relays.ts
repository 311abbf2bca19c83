// The relays that are measured, each as its users start it, in a process of its own. What they log is thrown away.

import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Form, Place } from './wire.js'

export interface Relay {
  /** To open a tunnel to the target. */
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

export interface Contestant {
  readonly name: string
  /** Why it cannot take part, and what to do about it. */
  readonly missing: string | undefined
  start(target: Place, form: Form, clients: number, token: string): Promise<Relay>
}

const HOST = '127.0.0.1'
const ourMain = fileURLToPath(new URL('../../dist/apps/cli/main.js', import.meta.url))
const wispJs =
  fileURLToPath(new URL('../../test/runtimes/node_modules/@mercuryworkshop/wisp-js/src/entrypoints/server.mjs', import.meta.url))

export const ours: Contestant = {
  name: 'libssl-wasm relay',
  missing: existsSync(ourMain) ? undefined : 'dist/ is missing: run ./build.sh',
  async start({ host, port }, form, clients, LIBSSL_WASM_RELAY_TOKEN) {
    const places = 4 * clients // a Wisp connection has one beside its stream's, and what has ended may hold one for a moment
    const flags = [`--allow=${host}:${port}`, `--max-connections=${places}`, `--max-per-address=${Math.ceil(places / 100)}`]
    const child = run(process.execPath, [ourMain, 'relay', ...flags], { ...process.env, LIBSSL_WASM_RELAY_TOKEN })
    const url = /ws:\S+:[0-9]+/.exec(await firstWords(child))![0]
    return running(child, form === 'Wisp' ? `${url}/wisp/` : `${url}/${host}:${port}`)
  },
}

/** It starts a process for each connection. */
export const websockify: Contestant = {
  name: 'websockify',
  missing: existsSync('/usr/bin/websockify') ? undefined : 'websockify is not installed: run tools/install-test-peers.sh',
  async start({ host, port }) {
    const own = await freePort()
    const child = run('/usr/bin/websockify', [`${HOST}:${own}`, `${host}:${port}`])
    while (!await listens(own)) if (child.exitCode !== null) throw new Error('websockify has ended')
    return running(child, `ws://${HOST}:${own}/`)
  },
}

export const wispServer: Contestant = {
  name: 'wisp-js',
  missing: existsSync(wispJs) ? undefined : 'wisp-js is not installed: run tools/install-runtimes.sh',
  async start() {
    // As its own command line does it, except that the system picks the port and the program prints it.
    const child = run(process.execPath, ['--input-type=module', '--eval', `
      import { createServer } from 'node:http'
      import { server } from ${JSON.stringify(pathToFileURL(wispJs).href)}
      Object.assign(server.options, { allow_loopback_ips: true, allow_private_ips: true, wisp_version: 1 })
      const http = createServer().on('upgrade', (...request) => server.routeRequest(...request))
      http.listen(0, '${HOST}', () => console.log('listening on ' + http.address().port))`])
    return running(child, `ws://${HOST}:${/[0-9]+/.exec(await firstWords(child))![0]}/`)
  },
}

/** Those that run. They are not left behind, however this process ends. */
const children = new Set<ChildProcess>()
process.once('exit', () => { for (const child of children) kill(child) })

function run(command: string, args: readonly string[], env = process.env): ChildProcess {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/** With all that it has started: it leads a group of processes. */
function kill({ pid }: ChildProcess): void {
  process.kill(-pid!, 'SIGKILL')
}

async function firstWords(child: ChildProcess): Promise<string> {
  const [words] = await Promise.race([
    once(child.stdout!, 'data'), once(child, 'exit').then(() => { throw new Error('it has ended') }),
  ]) as [Buffer]
  child.stdout!.resume()
  return words.toString()
}

function running(child: ChildProcess, url: string): Relay {
  return {
    url,
    pid: child.pid!,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      kill(child)
      await once(child, 'exit')
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, HOST), 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Whether somebody does; asks at most some times in a second. */
async function listens(port: number): Promise<boolean> {
  const socket = connect({ host: HOST, port })
  const is = await once(socket, 'connect').then(() => true, () => false)
  socket.destroy()
  if (!is) await new Promise((resolve) => setTimeout(resolve, 50))
  return is
}
