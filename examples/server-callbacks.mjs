import { readFileSync } from 'node:fs'
import net from 'node:net'
import { accept, RefusalError } from 'libssl-wasm'

const [directory, port = '0'] = process.argv.slice(2) // of a.example.pem, a.example.key and so on
const identity = (name) => ({ cert: readFileSync(`${directory}/${name}.pem`), key: readFileSync(`${directory}/${name}.key`) })
const names = new Map([['a.example', identity('a.example')], ['b.example', identity('b.example')]])

async function onClientHello({ servername, alpnProtocols }) {
  const own = names.get(servername) // or a database, or an ACME client
  if (!own) throw new RefusalError('unrecognized_name')
  return alpnProtocols.includes('h2') ? { ...own, alpnProtocols: ['h2'] } : own
}

const server = net.createServer((socket) => {
  const tls = accept(socket, { ...names.get('a.example'), onClientHello })
  tls.opened.then(
    ({ servername, alpnProtocol }) => console.log('served', servername, alpnProtocol),
    (error) => console.log('refused', error.code),
  )
  tls.readable.pipeTo(tls.writable).catch(() => {}) // an echo
})
server.listen(Number(port), '127.0.0.1', () => console.log(server.address().port))
