import { readFileSync } from 'node:fs'
import net from 'node:net'
import { connect } from 'libssl-wasm'

const [host = 'example.com', port = '443', caFile] = process.argv.slice(2)
const tls = connect(net.connect(Number(port), host), { servername: host, ca: caFile && readFileSync(caFile) })
const { protocol, cipher, group } = await tls.opened
console.log(protocol, cipher, group)
await new Response(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`).body.pipeTo(tls.writable, { preventClose: true })
for await (const chunk of tls.readable) process.stdout.write(chunk)
await tls.close()
