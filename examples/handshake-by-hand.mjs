import { readFileSync } from 'node:fs'
import net from 'node:net'
import { BioPair, Ssl, SSL_ERROR_WANT_READ, SslCtx, X509Store, fatalError, load, sslErrorName } from 'libssl-wasm/core'

const [host, port, caFile] = process.argv.slice(2)
const lib = await load()
const ctx = new SslCtx(lib, 'TLS_client_method') // verifies the peer, unlike OpenSSL's own default
const store = new X509Store(lib)
store.addCerts(readFileSync(caFile))
ctx.set1CertStore(store)
const ssl = new Ssl(ctx)
const { internal, network } = new BioPair(lib)
ssl.setBio(internal)
ssl.setTlsextHostName(host)
ssl.set1Dnsname(host)

const socket = net.connect(Number(port), host, step)
function step() {
  const result = ssl.connect()
  console.log(`SSL_connect: ${result.ret} ${sslErrorName(result.error)}, ${network.ctrlPending()} bytes to send`)
  const records = new Uint8Array(network.ctrlPending())
  if (network.read(records) > 0) socket.write(records)
  if (result.ret === 1) socket.end(() => console.log(ssl.getVersion(), ssl.getCipherStandardName(), ssl.get0GroupName()))
  else if (result.error !== SSL_ERROR_WANT_READ) throw fatalError(ssl, result)
}
socket.on('data', (chunk) => {
  for (let taken = 0; taken < chunk.length && !ssl.isInitFinished(); step()) taken += network.write(chunk.subarray(taken))
})
