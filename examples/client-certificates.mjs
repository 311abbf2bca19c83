import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { accept, connect, createContext } from 'libssl-wasm'

const [port, caFile, certFile, keyFile, clientCertFile, clientKeyFile] = process.argv.slice(2)
const ca = readFileSync(caFile) // of servers and clients alike
const context = createContext({ cert: readFileSync(certFile), key: readFileSync(keyFile), ca }) // with `ca` it asks for a certificate
const server = net.createServer(async (socket) => {
  const tls = accept(socket, { context })
  try {
    const { peerCertificate } = await tls.opened // rejects if the client is refused
    await new Response(`hello, ${peerCertificate.subject}`).body.pipeTo(tls.writable, { preventClose: true })
    await tls.close()
  } catch (error) {
    console.log('refused:', error.code)
  }
}).listen(Number(port), '127.0.0.1')
await once(server, 'listening')

const identity = clientCertFile && { cert: readFileSync(clientCertFile), key: readFileSync(clientKeyFile) }
const tls = connect(net.connect(server.address().port, '127.0.0.1'), { servername: 'localhost', ca, ...identity })
try {
  await tls.opened // under TLS 1.3 that of a refused client succeeds: its first read fails
  const decoder = new TextDecoder()
  for await (const chunk of tls.readable) console.log(decoder.decode(chunk))
  await tls.close()
} catch (error) {
  console.log('the server refuses us:', error.code)
}
server.close()
