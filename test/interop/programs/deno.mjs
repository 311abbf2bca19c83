// Deno's TLS (rustls) in the part that ../peers/echo.ts describes. It tells neither the version nor the peer's certificate,
// has no choice of version, and its servers ask for no client certificate.

const options = Object.fromEntries(Deno.args.map((arg) => arg.split('=')))
const read = (name) => options[name] && Deno.readTextFileSync(options[name])
const common = { cert: read('cert'), key: read('key'), alpnProtocols: [options.alpn] }

try {
  const connection = await connect()
  const { alpnProtocol } = await connection.handshake()
  console.log(`opened - ${alpnProtocol ?? '-'} -`)
  let left = Number(options.count) || Infinity
  const buffer = new Uint8Array(16_384)
  while (left > 0) {
    const length = await connection.read(buffer) // throws if we end without close_notify
    if (length === null) {
      console.log('end')
      break
    }
    for (let written = 0; written < length;) written += await connection.write(buffer.subarray(written, length))
    left -= length
  }
  await connection.closeWrite()
  connection.close()
  console.log('closed')
} catch (error) {
  console.log(`failed ${error}`)
  Deno.exit(1)
}

async function connect() {
  if (options.role === 'client') {
    return Deno.connectTls({ ...common, hostname: '127.0.0.1', port: Number(options.port), caCerts: [read('ca')] })
  }
  const listener = Deno.listenTls({ ...common, hostname: '127.0.0.1', port: 0 })
  console.log(`port ${listener.addr.port}`)
  const connection = await listener.accept()
  listener.close()
  return connection
}
