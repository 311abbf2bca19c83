import { readFileSync } from 'node:fs'
import net from 'node:net'
import { connect, EchRejectedError } from 'libssl-wasm'

const [host, port, configList, caFile] = process.argv.slice(2) // configList: `ech=` of the host's HTTPS record in DNS
const ca = caFile && readFileSync(caFile)

function open(configList) {
  return connect(net.connect(Number(port), host), { servername: host, ca, ech: { configList } })
}

let tls = open(configList)
const info = await tls.opened.catch((error) => {
  if (!(error instanceof EchRejectedError) || !error.retryConfigList) throw error
  console.log('rejected: the server has another key by now')
  tls = open(error.retryConfigList) // once: a server that rejects its own is broken
  return tls.opened
})
console.log(info.ech, `asked for ${info.servername}, seen ${info.outerServername}`)
await tls.close()
