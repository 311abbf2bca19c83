import net from 'node:net'
import { fromNodeStream } from 'libssl-wasm'
import { serveWisp, WISP_SUBPROTOCOL } from 'libssl-wasm/wisp'
import { WebSocketServer } from 'ws'

const [allowed, port = '0'] = process.argv.slice(2)
const dial = async ({ host, port }, signal) => {
  if (`${host}:${port}` !== allowed) throw Object.assign(new Error('not on the list'), { code: 'EACCES' })
  const socket = net.connect({ host, port, allowHalfOpen: true })
  signal.addEventListener('abort', () => socket.destroy())
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  // One that is about to end cannot be reset: Node would leave it open.
  const reset = () => (socket.writableEnded && !socket.writableFinished ? socket.destroy() : socket.resetAndDestroy())
  return { ...fromNodeStream(socket), reset }
}
const server = new WebSocketServer({
  host: '127.0.0.1', port: Number(port), perMessageDeflate: false, maxPayload: 1024 * 1024,
  handleProtocols: (offered) => offered.has(WISP_SUBPROTOCOL) && WISP_SUBPROTOCOL,
})
server.on('connection', (socket) => serveWisp(socket, { dial }))
server.on('listening', () => console.log(`ws://127.0.0.1:${server.address().port}/`))
