// Run by one Node or another: how its TLS fails, as JSON. Input: { handshakes: [server, client][], contexts: options[],
// toClients: base64[], toServers: base64[], verifications: [server, client][], identity }.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import tls from 'node:tls'

/** The words where there is no code. */
const told = ({ code, library, reason, opensslErrorStack, message }) => ({
  code, library, reason, opensslErrorStack, ...code === undefined && { message },
})
const dial = (server) => ({ port: server.address().port, host: '127.0.0.1' })

/** A server's first failure, if it has one. */
async function serving(options, use) {
  const server = tls.createServer(options, (socket) => { socket.on('error', () => {}).resume() })
  let fault
  server.on('tlsClientError', (error) => { fault ??= told(error) })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const result = await use(server)
  await new Promise((resolve) => { server.close(resolve) })
  return [fault, result]
}

/** A client's failure, also one that comes when its own handshake has ended. */
async function failing(options) {
  const client = tls.connect({ rejectUnauthorized: false, ...options }).resume()
  let fault
  client.on('error', (error) => { fault = told(error) })
  await new Promise((resolve) => { client.on('close', resolve) }) // once() fails at an 'error'
  return fault
}

async function handshake([server, client]) {
  const [ofServer, ofClient] = await serving(server, (listening) => failing({ ...client, ...dial(listening) }))
  return { server: ofServer, client: ofClient }
}

async function toClient(bytes) {
  const server = net.createServer((socket) => { socket.on('error', () => {}).once('data', () => { socket.end(bytes) }) })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const fault = await failing(dial(server))
  server.close()
  return fault
}

async function toServer(options, bytes) {
  const [fault] = await serving(options, async (server) => {
    const socket = net.connect(dial(server)).on('error', () => {}).resume()
    socket.end(bytes)
    await new Promise((resolve) => { socket.on('close', resolve) })
  })
  return fault
}

/** Why a client refuses a server's certificate; what the newest Nodes advise is left out. */
async function verification([server, client]) {
  const [, fault] = await serving(server, async (listening) => {
    const socket = tls.connect({ ...client, checkServerIdentity: () => undefined, ...dial(listening) }).resume()
    let error
    socket.on('error', (one) => { error = one }).on('secureConnect', () => { socket.end() })
    await new Promise((resolve) => { socket.on('close', resolve) })
    return error && { code: error.code, message: error.message.replace(/; if the root CA.*/, '') }
  })
  return fault
}

function context(options) {
  try {
    tls.createSecureContext({ ...options, ...options.pfx && { pfx: Buffer.from(options.pfx, 'base64') } })
    return undefined
  } catch (error) {
    return told(error)
  }
}

const input = JSON.parse(readFileSync(0, 'utf8'))
const answers = {
  openssl: process.versions.openssl, handshakes: [], contexts: input.contexts.map(context), toClients: [], toServers: [], verifications: [],
}
for (const one of input.handshakes) answers.handshakes.push(await handshake(one))
for (const bytes of input.toClients) answers.toClients.push(await toClient(Buffer.from(bytes, 'base64')))
for (const bytes of input.toServers) answers.toServers.push(await toServer(input.identity, Buffer.from(bytes, 'base64')))
for (const one of input.verifications) answers.verifications.push(await verification(one))
console.log(JSON.stringify(answers))
