// Where all tunnels lead, in a process of its own: it sends back what it is sent.

import { createServer, type AddressInfo } from 'node:net'

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {}) // attackers go as they like
  socket.pipe(socket)
})
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => process.send!((server.address() as AddressInfo).port))
process.once('disconnect', () => process.exit())
