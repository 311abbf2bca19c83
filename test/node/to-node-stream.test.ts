import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { connect } from '../../src/index.js'
import { toNodeStream } from '../../src/node/tls/index.js'
import { authority, localhost } from '../helpers/certificates.js'
import { listening } from '../helpers/kept.js'
import { uncaughtDuring } from '../helpers/uncaught.js'

const reach = async (server: net.Server) => net.connect(await listening(server), '127.0.0.1')

const open = (socket: net.Socket) => toNodeStream(connect(socket, { servername: 'localhost', ca: authority.ca.cert }))

describe('toNodeStream', () => {
  it('is a socket for an agent of node:http that keeps connections', async () => {
    let connections = 0
    const server = https.createServer(localhost, (request, response) => response.end(request.url))
      .on('secureConnection', () => connections++)
    const first = await reach(server)
    const agent = new http.Agent({ keepAlive: true })
    ;(agent as { createConnection: unknown }).createConnection = () => open(first)
    for (const path of ['/1', '/2']) {
      const [response] = await once(http.get({ agent, path, host: 'localhost' }), 'response') as [http.IncomingMessage]
      expect(await text(response)).toBe(path)
    }
    expect(connections).toBe(1)
    agent.destroy()
  })

  it('tells of the handshake, and of what fails', async () => {
    const server = https.createServer(localhost, (_, response) => response.end())
    const stream = open(await reach(server))
    await once(stream, 'secureConnect')
    expect([stream.encrypted, stream.authorized, stream.alpnProtocol, stream.servername]).toEqual([true, true, false, 'localhost'])
    stream.destroy()
    expect(await once(stream, 'close')).toEqual([false])
    const plain = await reach(net.createServer((socket) => socket.end('no TLS\n')))
    const failing = open(plain)
    const [error] = await once(failing, 'error') as [NodeJS.ErrnoException]
    expect(error.code).toBe('ERR_SSL_WRONG_VERSION_NUMBER')
    expect(await once(failing, 'close')).toEqual([true]) // it comes in a later turn
  })

  it('closes after an error that nobody hears, if the program lives on', async () => {
    const stream = open(await reach(tls.createServer(localhost, (socket) => socket.resume())))
    await once(stream, 'secureConnect')
    const mine = new Error('mine')
    const caught = await uncaughtDuring(() => {
      stream.destroy(mine)
      return new Promise((resolve) => { stream.once('close', resolve) })
    })
    expect(caught).toEqual([mine])
  })

  it('reads on after a listener has thrown, if the program lives on', async () => {
    const server = tls.createServer(localhost, (socket) => {
      socket.once('data', () => socket.end('second')).write('first')
    })
    const stream = open(await reach(server))
    const mine = new Error('mine')
    const heard: string[] = []
    const caught = await uncaughtDuring(() => {
      stream.on('data', (chunk) => {
        heard.push(String(chunk))
        stream.write('more')
        if (heard.length === 1) throw mine
      })
      return once(stream, 'end')
    })
    expect([heard, caught]).toEqual([['first', 'second'], [mine]])
  })
})
