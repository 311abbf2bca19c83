import { readFileSync } from 'node:fs'
import tls from 'libssl-wasm/node/tls' // or: const tls = require('libssl-wasm/node/tls')

const [host = 'example.com', port = '443', caFile] = process.argv.slice(2)
const socket = tls.connect({ host, port: Number(port), ca: caFile && readFileSync(caFile) }, () => {
  console.log(socket.getProtocol(), socket.getCipher().standardName, socket.authorized)
  socket.end(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`)
})
socket.pipe(process.stdout)
socket.on('error', (error) => console.error(error.code, error.message))
