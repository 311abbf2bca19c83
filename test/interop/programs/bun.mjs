// Bun's TLS (BoringSSL) in the part that ../peers/echo.ts describes. It tells no end without close_notify from
// one with it.

import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:tls'

const options = Object.fromEntries(process.argv.slice(2).map((arg) => arg.split('=')))
const read = (name) => options[name] && readFileSync(options[name])
const common = {
  minVersion: options.version, maxVersion: options.version, ALPNProtocols: [options.alpn], cert: read('cert'), key: read('key'),
  ca: read('ca'),
}

if (options.role === 'server') {
  const server = createServer({ ...common, requestCert: 'ca' in options, rejectUnauthorized: 'ca' in options }, (socket) => {
    server.close()
    echo(socket)
  })
  server.on('tlsClientError', failed)
  server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`))
} else {
  const socket = connect({ ...common, host: '127.0.0.1', port: Number(options.port), servername: 'localhost' }, () => echo(socket))
  socket.on('error', failed)
}

function echo(socket) {
  console.log(`opened ${socket.getProtocol()} ${socket.alpnProtocol || '-'} ${nameOf(socket.getPeerCertificate())}`)
  let left = Number(options.count) || Infinity
  socket.on('error', failed)
  socket.on('data', (chunk) => {
    socket.write(chunk)
    left -= chunk.byteLength
    if (left <= 0) socket.end()
  })
  socket.on('end', () => {
    console.log('end')
    socket.end()
  })
  socket.on('close', () => console.log('closed'))
}

function nameOf(certificate) {
  return certificate?.subject?.CN ? `CN=${certificate.subject.CN}` : '-'
}

function failed(error) {
  console.log(`failed ${error}`)
  process.exit(1)
}
