import net from 'node:net'
import { connect } from 'libssl-wasm'

const [host, port, ca] = process.argv.slice(2)
const tls = connect(net.connect(Number(port), host), { servername: host, ca })
const writer = tls.writable.getWriter()
await writer.write(new TextEncoder().encode(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`))
const chunks = []
try {
  for await (const chunk of tls.readable) chunks.push(chunk)
} catch (error) {
  if (error.code !== 'ERR_TLS_UNEXPECTED_EOF') throw error
}
const answer = Buffer.concat(chunks).toString('latin1')
const [head, ...rest] = answer.split('\r\n\r\n')
const body = rest.join('\r\n\r\n')
if (Number(/^content-length: *(\d+)/im.exec(head)?.[1]) !== body.length) throw new Error('the answer was cut, or does not say its length')
console.log(body)
