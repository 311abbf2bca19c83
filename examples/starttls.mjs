import { readFileSync } from 'node:fs'
import net from 'node:net'
import { connect, PlaintextConversation } from 'libssl-wasm'

const [host = 'mail.example', port = '587', caFile] = process.argv.slice(2)
const smtp = new PlaintextConversation(net.connect(Number(port), host))
await smtp.readLine() // 220, the greeting
await smtp.write('EHLO client.example\r\n')
while ((await smtp.readLine()).startsWith('250-'));
await smtp.write('STARTTLS\r\n')
if (!(await smtp.readLine()).startsWith('220')) throw new Error('the server does not want TLS')
const tls = connect(smtp.release(), { servername: host, ca: caFile && readFileSync(caFile) }) // every byte after that line is for TLS
const { protocol, cipher } = await tls.opened
console.log(protocol, cipher)
const mail = new PlaintextConversation(tls) // it is a pair of streams like any other
await mail.write('EHLO client.example\r\n')
console.log(await mail.readLine())
mail.abort()
