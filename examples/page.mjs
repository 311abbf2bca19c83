import { connect, openTunnel } from 'libssl-wasm'

const { searchParams } = new URL(location.href) // ?relay=ws://127.0.0.1:8080&host=mail.example&port=993
const { relay, host, port } = Object.fromEntries(searchParams)
const ca = await (await fetch('ca.pem')).text() // a file beside the page's
const tls = connect(openTunnel(relay, { host, port: Number(port) }), { servername: host, ca })
const { protocol, cipher, group } = await tls.opened
document.body.append(`${protocol} ${cipher} ${group}\n`)
const writer = tls.writable.getWriter()
await writer.write(new TextEncoder().encode(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`))
const text = new TextDecoder()
await tls.readable.pipeTo(new WritableStream({ write: (chunk) => document.body.append(text.decode(chunk, { stream: true })) }))
await tls.close() // else the relay's place stays taken
