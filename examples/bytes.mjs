import { readFileSync } from 'node:fs'
import net from 'node:net'
import { connect } from 'libssl-wasm'

const [host, port, caFile] = process.argv.slice(2)
const socket = net.connect(Number(port), host) // stands for whatever sends your bytes, and tells of those that arrive

const arrived = new TransformStream()
const arriving = arrived.writable.getWriter()
socket.on('data', (bytes) => arriving.write(bytes).catch(() => {})) // was: client.process(bytes)
socket.on('end', () => arriving.close().catch(() => {}))
const sending = new WritableStream({ write: (bytes) => void socket.write(bytes), close: () => void socket.end() }) // was: tlsDataReady

const tls = connect({ readable: arrived.readable, writable: sending }, { servername: host, ca: caFile && readFileSync(caFile) })
const { protocol, cipher } = await tls.opened // was: connected
console.log(protocol, cipher)
const writer = tls.writable.getWriter()
await writer.write(new TextEncoder().encode(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`)) // was: prepare()
for await (const chunk of tls.readable) process.stdout.write(chunk) // was: dataReady
writer.releaseLock()
await tls.close()
