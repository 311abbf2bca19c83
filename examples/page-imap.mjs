import { connect, openTunnel, PlaintextConversation } from 'libssl-wasm'

const { searchParams } = new URL(location.href) // ?relay=ws://127.0.0.1:8080&host=mail.example&port=993
const { relay, host, port } = Object.fromEntries(searchParams)
const ca = await (await fetch('ca.pem')).text() // of the CA that issued the server's certificate: a file beside the page's
const tls = connect(openTunnel(relay, { host, port: Number(port) }), { servername: host, ca })
const { protocol, cipher, group } = await tls.opened // rejects if the certificate is not right
const imap = new PlaintextConversation(tls) // reads lines from a pair of streams
document.body.append(`${protocol} ${cipher} ${group}: ${await imap.readLine()}`)
imap.abort() // ends the connection: else the relay's place stays taken
