// A server and its clients over the built module, in any runtime: prints what happens, and must then end without being told to.

import tls from 'libssl-wasm/node/tls'
import process from 'node:process'

const [cert, key, ca] = process.argv.slice(-3)
process.on('unhandledRejection', (error) => { console.log('unhandled', error) })

const server = tls.createServer({ cert, key }, (socket) => {
  socket.on('error', (error) => console.log('server', error.code))
  socket.pipe(socket)
})
server.on('tlsClientError', (error) => {
  console.log('refused', error.code)
  server.close(() => console.log('server closed'))
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca, timeout: 3_600_000 }, () => {
    console.log('secure', socket.authorized)
    socket.pause().resume()
    socket.end('x'.repeat(300_000))
  })
  let bytes = 0
  socket.on('data', (data) => { bytes += data.length })
  socket.on('end', () => console.log('bytes', bytes))
  socket.on('error', (error) => console.log('client', error.code))
  socket.on('close', (failed) => {
    console.log('closed', failed)
    const another = tls.connect({ port, host: '127.0.0.1', ca, servername: 'localhost' })
    another.on('connect', () => another.destroy())
  })
})
