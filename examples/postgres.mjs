import { readFileSync } from 'node:fs'
import net from 'node:net'
import { connect, PlaintextConversation } from 'libssl-wasm'

const [host = 'db.example', port = '5432', caFile] = process.argv.slice(2)
const talk = new PlaintextConversation(net.connect(Number(port), host))
await talk.write(Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47)) // SSLRequest: its length, and 80877103 in place of a version
const [answer] = await talk.readBytes(1) // one byte, and no line: what comes after it is for TLS
if (answer !== 'S'.charCodeAt(0)) throw new Error('the server does not want TLS')
const tls = connect(talk.release(), { servername: host, ca: caFile && readFileSync(caFile), alpnProtocols: ['postgresql'] })
const { protocol, cipher } = await tls.opened
console.log(protocol, cipher)
const postgres = new PlaintextConversation(tls)
const body = new TextEncoder().encode('\0\x03\0\0user\0postgres\0\0') // StartupMessage: version 3.0, and who we are
await postgres.write(Uint8Array.of(0, 0, 0, body.length + 4, ...body))
const [type] = await postgres.readBytes(1)
console.log({ R: 'it asks who we are', E: 'it has refused us' }[String.fromCharCode(type)])
postgres.abort()
