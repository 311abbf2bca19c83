// A relay in this process with a target behind it, and WebSocket clients of it. All of them end with the test.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, vi } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import { startRelay, type Relay, type RelayLogEntry, type RelayOptions } from '../../src/apps/relay/relay.js'
import { until } from './streams.js'
import { startTarget, type TunnelTarget } from './tunnels.js'

/** A target, which does not read unless `onSocket` does, a relay that allows it, and what the relay logs. */
export async function setUpRelay(options: RelayOptions = {}, onSocket?: (socket: Socket) => unknown) {
  const target = await startTarget(onSocket)
  onTestFinished(() => target.close())
  const log: RelayLogEntry[] = []
  const relay = await startRelay({ allow: [target.address], log: (entry) => log.push(entry), ...options })
  onTestFinished(() => relay.close())
  return { target, relay, log }
}

/** For a target that reads, and ends when the other does. */
export const polite = (socket: Socket) => socket.resume().once('end', () => socket.end())

const closings = new WeakMap<WebSocket, Promise<[number, string]>>()

export function openWebSocket(url: string, protocols: string | readonly string[] = [], options: ClientOptions = {}): WebSocket {
  const client = new WebSocket(url, [protocols].flat(), options)
  client.on('error', () => {})
  // From the start: a test that asks late must not wait for what has been.
  closings.set(client, new Promise((resolve) => client.once('close', (code, reason) => resolve([code, String(reason)]))))
  onTestFinished(() => client.terminate())
  return client
}

/** Code and reason with which a client of {@link openWebSocket} was or will be closed. */
export function closing(client: WebSocket): Promise<[number, string]> {
  return closings.get(client) ?? expect.unreachable('not opened by openWebSocket')
}

export interface Answer {
  /** 101, or how the relay refused. */
  readonly status: number
  /** Of a refusal. */
  readonly body: string
  readonly protocol: string
  readonly socket: WebSocket
  readonly headers: Record<string, unknown>
}

export function ask(url: string, protocols: readonly string[] = [], options: ClientOptions = {}): Promise<Answer> {
  const socket = openWebSocket(url, protocols, options)
  return new Promise((resolve) => {
    socket.once('upgrade', ({ headers }) => {
      socket.once('open', () => resolve({ status: 101, body: '', protocol: socket.protocol, socket, headers }))
    })
    socket.once('unexpected-response', (_request, response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => { body += text })
      response.on('end', () => resolve({ status: response.statusCode!, body, protocol: '', socket, headers: response.headers }))
    })
  })
}

export async function statusOf(url: string, options: ClientOptions = {}): Promise<number> {
  return (await ask(url, [], options)).status
}

/** Status and body with which the relay refuses. */
export async function refusal(relay: Relay, path: string, options: ClientOptions = {}): Promise<[number, string]> {
  const { status, body } = await ask(`${relay.url}/${path}`, [], options)
  return [status, body]
}

/** An open tunnel whose connection the target has accepted. */
export async function openTunnelTo(target: TunnelTarget, relay: Pick<Relay, 'url'>, options: ClientOptions = {}): Promise<WebSocket> {
  const before = target.sockets.length
  const client = openWebSocket(`${relay.url}/${target.address}`, [], options)
  await once(client, 'open')
  await until(() => target.sockets.length > before)
  return client
}

/** An open tunnel whose target sends back what comes. */
export async function openEcho(target: TunnelTarget, relay: Pick<Relay, 'url'>, options: ClientOptions = {}) {
  const client = openWebSocket(`${relay.url}/${target.address}`, [], options)
  const [far] = await Promise.all([target.accept(), once(client, 'open')])
  far.pipe(far)
  const echo = async (text: string) => {
    client.send(Buffer.from(text))
    return String((await once(client, 'message'))[0])
  }
  return { client, echo }
}

/** A request for a tunnel, typed by hand, with `lines` in place of the line that is named. */
export async function requestByHand(
  relay: Relay, path: string, lines: readonly string[] = [], method = 'GET', replaced = '',
): Promise<Socket> {
  const socket = connect({ port: relay.port, host: relay.host, allowHalfOpen: true })
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  const usual = [
    'Host: relay', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ]
  const headers = [...usual.filter((line) => !line.startsWith(`${replaced}:`)), ...lines]
  socket.write(`${method} ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`)
  return socket
}

/** Waits until the relay has logged `entry`, after the first `before` of its entries. */
export async function logged(log: readonly object[], before: number, entry: object): Promise<void> {
  await vi.waitFor(() => expect(log.slice(before)).toContainEqual(expect.objectContaining(entry)), { timeout: 10_000 })
}

/** The connection to `target` that brings `text`: others were there before, and have ended or brought nothing. */
export async function lastConnection(target: TunnelTarget, text: string): Promise<Socket> {
  for (;;) {
    const socket = await target.accept()
    const first = await new Promise<Buffer | undefined>((resolve) => {
      socket.once('data', resolve).once('close', () => resolve(undefined)).once('end', () => resolve(undefined))
      if (socket.destroyed || socket.readableEnded) resolve(undefined)
    })
    if (String(first) === text) return socket
  }
}
