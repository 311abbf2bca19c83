import { readFileSync } from 'node:fs'
import net from 'node:net'
import { connect, PlaintextConversation } from 'libssl-wasm'

const [host = 'mail.example', port = '143', caFile] = process.argv.slice(2)
const plain = new PlaintextConversation(net.connect(Number(port), host))
await plain.readLine() // * OK, the greeting
await plain.write('a1 STARTTLS\r\n')
let line
do line = await plain.readLine(); while (line.startsWith('* '))
if (!line.startsWith('a1 OK')) throw new Error('the server does not want TLS')
const tls = connect(plain.release(), { servername: host, ca: caFile && readFileSync(caFile) })
const { protocol, cipher } = await tls.opened
console.log(protocol, cipher)
const imap = new PlaintextConversation(tls)
await imap.write('a2 CAPABILITY\r\n') // asked again: what was said before TLS may be an attacker's
while ((line = await imap.readLine()).startsWith('* ')) console.log(line)
imap.abort()
