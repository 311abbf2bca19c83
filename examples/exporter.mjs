import { readFileSync } from 'node:fs'
import net from 'node:net'
import { connect } from 'libssl-wasm'

const [host, port, caFile] = process.argv.slice(2)
const tls = connect(net.connect(Number(port), host), { servername: host, ca: caFile && readFileSync(caFile), recordPaddingBytes: 1024 })
const { protocol } = await tls.opened
const hex = (bytes) => Buffer.from(bytes).toString('hex')
console.log(protocol, 'tls-exporter', hex(await tls.channelBinding('tls-exporter')))
console.log(hex(await tls.exportKeyingMaterial({ label: 'EXPERIMENTAL example', bytes: 32 })))
const writer = tls.writable.getWriter()
await writer.write(new TextEncoder().encode('with the first keys\n'))
await tls.updateKeys({ requestPeer: true })
await writer.write(new TextEncoder().encode('with new keys\n'))
writer.releaseLock()
await tls.close()
