import { readFileSync } from 'node:fs'
import net from 'node:net'
import { accept, createContext } from 'libssl-wasm'

const [certFile, keyFile, port = '0'] = process.argv.slice(2)
const context = createContext({ cert: readFileSync(certFile), key: readFileSync(keyFile) }) // one for all connections
const server = net.createServer((socket) => {
  const tls = accept(socket, { context })
  tls.readable.pipeTo(tls.writable).catch((error) => console.error(error.code, error.message)) // an echo
})
server.listen(Number(port), '127.0.0.1', () => console.log(server.address().port))
