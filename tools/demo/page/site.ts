// The demonstration on the site: the reader names a relay and a server. Nothing is kept, and nothing is sent anywhere else.

import { mozillaRoots } from 'libssl-wasm/roots'
import { byId } from './dom.js'
import { startPage } from './page.js'

const relay = byId('relay', HTMLInputElement)
const server = byId('server', HTMLInputElement)
const anchors = byId('anchors', HTMLTextAreaElement)
const TARGET = /^([a-z0-9._-]+|\[[0-9a-f:.]+\]):(\d{1,5})$/i

startPage(async () => ({
  chosen() {
    const [, host, port] = TARGET.exec(server.value.trim()) ?? []
    if (host === undefined) throw new Error('Name a server as host:port, for example example.org:443.')
    let url: URL
    try {
      url = new URL(relay.value.trim())
    } catch {
      throw new Error('Name a relay by its URL, for example ws://127.0.0.1:8080.')
    }
    if (!/^wss?:$/.test(url.protocol)) throw new Error("The relay's URL must begin with wss:// or ws://.")
    const [address, servername] = [`${host}:${port}`, host.replace(/^\[|\]$/g, '')]
    return {
      id: 'named', name: address, description: '', anchors: '', address, servername,
      url: `${url.href.replace(/\/$/, '')}/${address}`,
      command: `npx libssl-wasm relay --allow ${address} --origin ${location.origin}`,
      request: `GET / HTTP/1.0\nHost: ${servername}\n\n`,
    }
  },
  anchors: async () => (anchors.value.trim() === '' ? mozillaRoots : [...mozillaRoots, anchors.value]),
}))
