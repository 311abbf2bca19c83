import { readFileSync } from 'node:fs'
import net from 'node:net'
import { connect } from 'libssl-wasm'

const [host, port, caFile] = process.argv.slice(2)
const start = performance.now()
const tls = connect(net.connect(Number(port), host), {
  servername: host, ca: caFile && readFileSync(caFile),
  keylogFile: true, // to the file that SSLKEYLOGFILE names, if it does
  onTrace: (event) => {
    const at = (event.atMs - start).toFixed(1).padStart(6)
    if (event.kind === 'state') console.log(at, '·', event.step, event.name)
    else console.log(at, event.direction === 'sent' ? '→' : '←', event.kind, event.name, event.bytes)
  },
})
await tls.opened
await new Response(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`).body.pipeTo(tls.writable, { preventClose: true })
for await (const _chunk of tls.readable);
await tls.close()
