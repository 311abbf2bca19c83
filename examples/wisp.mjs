import { readFileSync } from 'node:fs'
import { connect } from 'libssl-wasm'
import { connectWisp } from 'libssl-wasm/wisp'
import { WebSocket } from 'ws' // where the platform has no WebSocket of its own

const [url, host, port, caFile] = process.argv.slice(2)
const ca = caFile && readFileSync(caFile)
const wisp = await connectWisp(url, { WebSocket })
const pages = ['/', '/again'].map(async (path) => {
  const tls = connect(wisp.open({ host, port: Number(port) }), { servername: host, ca })
  await new Response(`GET ${path} HTTP/1.0\r\nHost: ${host}\r\n\r\n`).body.pipeTo(tls.writable, { preventClose: true })
  let page = ''
  await tls.readable.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write(text) { page += text } }))
  await tls.close()
  return page.split('\r\n')[0]
})
console.log(`version ${wisp.version}:`, ...await Promise.all(pages))
await wisp.close()
