import { readFileSync } from 'node:fs'
import net from 'node:net'
import { connect } from 'libssl-wasm'

const [host, port, caFile] = process.argv.slice(2)
const tls = connect(net.connect(Number(port), host), { servername: host, ca: caFile && readFileSync(caFile) })
const writer = tls.writable.getWriter()
await writer.write(new TextEncoder().encode(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`))
let answer = ''
try {
  for await (const chunk of tls.readable) answer += Buffer.from(chunk).toString('latin1')
} catch (error) {
  if (error.code !== 'ERR_TLS_UNEXPECTED_EOF') throw error
}
const [head, ...rest] = answer.split('\r\n\r\n')
const body = rest.join('\r\n\r\n')
if (Number(/^content-length: *(\d+)/im.exec(head)?.[1]) !== body.length) throw new Error('the answer was cut, or does not say its length')
console.log(body)
