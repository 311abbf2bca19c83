import { readFileSync } from 'node:fs'
import net from 'node:net'
import { connect } from 'libssl-wasm'
import { mozillaRoots } from 'libssl-wasm/roots'

const [host, port, caFile, pin] = process.argv.slice(2)
const tls = connect(net.connect(Number(port), host), {
  servername: host,
  ca: mozillaRoots,
  additionalCa: caFile && readFileSync(caFile), // our own CA, beside Mozilla's
  pins: pin, // sha256/…, of any key of the chain
  ocsp: 'request', // a stapled response must be good, where there is one
  async verify([leaf], { servername }) { // when OpenSSL has accepted: the last word, in its own time
    console.log(`${servername} shows ${leaf.subject}, issued by ${leaf.issuer}`)
    return leaf.validTo > new Date()
  },
})
try {
  const { protocol, verifyResult } = await tls.opened
  console.log(protocol, verifyResult)
  await tls.close()
} catch (error) {
  console.log(error.code, error.message)
  process.exitCode = 1
}
