import { readFileSync } from 'node:fs'
import net from 'node:net'
import { connect } from 'libssl-wasm'

const [host = 'example.com', port = '443', caFile] = process.argv.slice(2)
const tls = connect(net.connect(Number(port), host), {
  servername: host, ca: caFile && readFileSync(caFile),
  minVersion: 'TLSv1.3',
  groups: 'X25519MLKEM768:secp384r1',
  signatureAlgorithms: 'ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:rsa_pss_rsae_sha256',
  securityLevel: 2,
})
const { group, cipher, peerCertificate } = await tls.opened
console.log(group, cipher, peerCertificate.keyType, peerCertificate.keyBits)
console.log(peerCertificate)
await tls.close()
