import { connect, openTunnel, PlaintextConversation } from 'libssl-wasm'

const { searchParams } = new URL(location.href) // ?relay=ws://127.0.0.1:8080&host=mail.example&port=143
const { relay, host, port } = Object.fromEntries(searchParams)
const ca = await (await fetch('ca.pem')).text() // a file beside the page's
const plain = new PlaintextConversation(openTunnel(relay, { host, port: Number(port) }))
await plain.readLine() // * OK, the greeting
await plain.write('a1 STARTTLS\r\n')
let line
do line = await plain.readLine(); while (line.startsWith('* '))
if (!line.startsWith('a1 OK')) throw new Error('the server does not want TLS')
const tls = connect(plain.release(), { servername: host, ca }) // every byte after that line is for TLS
const { protocol, cipher, group } = await tls.opened
const imap = new PlaintextConversation(tls)
await imap.write('a2 CAPABILITY\r\n') // asked again: what was said before TLS may be an attacker's
document.body.append(`${protocol} ${cipher} ${group}: ${await imap.readLine()}`)
imap.abort() // ends the connection: else the relay's place stays taken
