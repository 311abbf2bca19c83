import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { connect } from 'libssl-wasm'

const [host, port, caFile, file] = process.argv.slice(2)
const tls = connect(net.connect(Number(port), host), {
  servername: host,
  ca: caFile && readFileSync(caFile),
  session: existsSync(file) ? readFileSync(file) : undefined,
  onSession: (session) => writeFileSync(file, session.toBytes(), { mode: 0o600 }), // a secret, as a key is
  earlyData: new TextEncoder().encode(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`), // it may come twice: so nothing but a GET
})
const { resumed, earlyData } = await tls.opened
console.log(`${resumed ? 'resumed' : 'full handshake'}, early data: ${earlyData}`)
for await (const chunk of tls.readable) process.stdout.write(chunk)
await tls.close()
