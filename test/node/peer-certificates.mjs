// Run by one Node or another: what it says of certificates, as JSON. Input: { alone: DER in base64[], shown: { cert, key, ca }[], curves }.

import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import tls from 'node:tls'

/** With what JSON leaves out: no prototype, a root that is its own issuer, what is Node's Buffer. */
function plain(certificate) {
  const { issuerCertificate, ...rest } = certificate
  const issuer = issuerCertificate === certificate ? 'itself' : issuerCertificate && plain(issuerCertificate)
  const prototypes = ['subject', 'issuer', 'infoAccess'].map((name) => rest[name] && Object.getPrototypeOf(rest[name]) === null)
  return { ...rest, ...issuer && { issuerCertificate: issuer }, prototypes, buffers: [rest.raw, rest.pubkey].map(Buffer.isBuffer) }
}

function alone(der) {
  try {
    return plain(new X509Certificate(Buffer.from(der, 'base64')).toLegacyObject())
  } catch {
    return undefined
  }
}

async function shown({ cert, key, ca }, curves) {
  const server = tls.createServer({ cert, key, ecdhCurve: curves, maxVersion: 'TLSv1.2' }, (socket) => { socket.on('error', () => {}) })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = tls.connect({ port: server.address().port, host: '127.0.0.1', ca, ecdhCurve: curves, rejectUnauthorized: false })
  await once(client, 'secureConnect')
  const answer = { short: plain(client.getPeerCertificate()), detailed: plain(client.getPeerCertificate(true)) }
  client.destroy()
  server.close()
  return answer
}

const input = JSON.parse(readFileSync(0, 'utf8'))
const answers = { alone: input.alone.map(alone), shown: [] }
for (const one of input.shown) answers.shown.push(await shown(one, input.curves))
console.log(JSON.stringify(answers))
