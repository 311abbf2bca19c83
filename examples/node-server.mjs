import { readFileSync } from 'node:fs'
import net from 'node:net'
import { accept } from 'libssl-wasm'

const [certFile, keyFile, port = '0'] = process.argv.slice(2)
const options = { cert: readFileSync(certFile), key: readFileSync(keyFile) }
const server = net.createServer((socket) => {
  const tls = accept(socket, options)
  tls.readable.pipeTo(tls.writable).catch((error) => console.error(error.code)) // an echo
})
server.listen(Number(port), '127.0.0.1', () => console.log(server.address().port))
