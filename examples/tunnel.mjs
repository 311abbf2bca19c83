import { readFileSync } from 'node:fs'
import { connect, openTunnel } from 'libssl-wasm'
import { WebSocket } from 'ws' // Node 20 has none of its own

const [relay, host, port, caFile] = process.argv.slice(2)
const transport = openTunnel(relay, { host, port: Number(port) }, { WebSocket })
const tls = connect(transport, { servername: host, ca: caFile && readFileSync(caFile) })
const { protocol, cipher, group } = await tls.opened
console.log(protocol, cipher, group)
await new Response(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`).body.pipeTo(tls.writable, { preventClose: true })
for await (const chunk of tls.readable) process.stdout.write(chunk)
await tls.close() // else the relay's place stays taken
