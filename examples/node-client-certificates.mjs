import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import tls from 'libssl-wasm/node/tls'

const [port, caFile, certFile, keyFile, clientCertFile, clientKeyFile] = process.argv.slice(2)
const ca = readFileSync(caFile) // of servers and clients alike
const options = { cert: readFileSync(certFile), key: readFileSync(keyFile), ca, requestCert: true }
const server = tls.createServer(options, (socket) => {
  socket.on('error', (error) => console.log(error.code)) // as in Node, one that nobody hears ends the program
  socket.end(`hello, ${socket.getPeerCertificate().subject.CN}`)
})
server.on('tlsClientError', (error, socket) => console.log('refused:', socket.authorizationError ?? error.message))
server.listen(Number(port), '127.0.0.1')
await once(server, 'listening')

const identity = clientCertFile && { cert: readFileSync(clientCertFile), key: readFileSync(clientKeyFile) }
const socket = tls.connect({ host: '127.0.0.1', port: server.address().port, servername: 'localhost', ca, ...identity })
socket.on('data', (chunk) => console.log(chunk.toString()))
socket.on('error', (error) => console.log('the server refuses us:', error.code))
socket.on('close', () => server.close())
