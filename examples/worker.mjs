import { connect as connectTcp } from 'cloudflare:sockets'
import { connect } from 'libssl-wasm'

export default {
  async fetch(_request, { HOST, PORT, CA, CERT, KEY }) { // a private CA, and a client certificate of its making: PEM
    const socket = connectTcp({ hostname: HOST, port: Number(PORT) }, { allowHalfOpen: true })
    const tls = connect(socket, { servername: HOST, ca: CA, cert: CERT, key: KEY })
    const writer = tls.writable.getWriter()
    await writer.write(new TextEncoder().encode(`GET / HTTP/1.0\r\nHost: ${HOST}\r\n\r\n`))
    tls.closed.catch((error) => console.error(error)) // a body that is cut does not say why
    return new Response(tls.readable)
  },
}
