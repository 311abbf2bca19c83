import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { accept, connect, createContext } from 'libssl-wasm'

const [certFile, keyFile, caFile] = process.argv.slice(2)
const serverContext = createContext({ cert: readFileSync(certFile), key: readFileSync(keyFile), alpnProtocols: ['echo'] })
const clientContext = createContext({ ca: readFileSync(caFile), alpnProtocols: ['echo'] })

const server = net.createServer((socket) => {
  const { readable, writable } = accept(socket, { context: serverContext })
  readable.pipeTo(writable).catch((error) => console.error(error.code, error.message))
})
await once(server.listen(0, '127.0.0.1'), 'listening')

const echoes = await Promise.all(['one', 'two', 'three'].map(async (text) => {
  const socket = net.connect(server.address().port, '127.0.0.1')
  const tls = connect(socket, { context: clientContext, servername: 'localhost' })
  await new Response(text).body.pipeTo(tls.writable)
  let echo = ''
  for await (const chunk of tls.readable.pipeThrough(new TextDecoderStream())) echo += chunk
  return echo
}))
console.log(...echoes)
server.close()
