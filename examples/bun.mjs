import { bunSocketHandlers, connect } from 'libssl-wasm'

const [hostname, port, caFile] = Bun.argv.slice(2)
const socket = await Bun.connect({ hostname, port: Number(port), allowHalfOpen: true, socket: bunSocketHandlers() })
const tls = connect(socket, { servername: hostname, ca: caFile && await Bun.file(caFile).text() })
const { protocol, cipher, group } = await tls.opened
console.log(protocol, cipher, group)
await new Response(`GET / HTTP/1.0\r\nHost: ${hostname}\r\n\r\n`).body.pipeTo(tls.writable, { preventClose: true })
for await (const chunk of tls.readable) process.stdout.write(chunk)
await tls.close()
