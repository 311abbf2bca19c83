import { connect } from 'libssl-wasm'

const [hostname, port, caFile] = Deno.args
const socket = await Deno.connect({ hostname, port: Number(port) })
const tls = connect(socket, { servername: hostname, ca: caFile && Deno.readTextFileSync(caFile) })
const { protocol, cipher, group } = await tls.opened
console.log(protocol, cipher, group)
await new Response(`GET / HTTP/1.0\r\nHost: ${hostname}\r\n\r\n`).body.pipeTo(tls.writable, { preventClose: true })
for await (const chunk of tls.readable) await Deno.stdout.write(chunk)
await tls.close()
