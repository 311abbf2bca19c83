import { readFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { accept, createContext } from 'libssl-wasm'
import { toNodeStream } from 'libssl-wasm/node/tls'

const [certFile, keyFile, port = '0'] = process.argv.slice(2)
const context = createContext({ cert: readFileSync(certFile), key: readFileSync(keyFile), alpnProtocols: ['http/1.1'] })
const web = http.createServer((request, response) => response.end(`you asked for ${request.url}\n`))
web.on('clientError', (error, duplex) => duplex.destroy()) // of TLS, too: for example ERR_TLS_UNEXPECTED_EOF
web.emit('listening') // it never listens itself: this starts headersTimeout and requestTimeout
const server = net.createServer((socket) => web.emit('connection', toNodeStream(accept(socket, { context }))))
server.listen(Number(port), '127.0.0.1', () => console.log(server.address().port))
