import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import WebSocket from 'ws'
import { patterned } from '../bytes.js'
import type { WebPlace } from '../servers/web.js'
import type { Kit, Shows } from '../show.js'

type WebKit = Kit<WebPlace>

const nginx = ({ place: { nginxPort } }: WebKit) => `wss://localhost:${nginxPort}/socket`

async function opened<T>(url: string, options: object, use: (socket: WebSocket) => Promise<T>): Promise<T> {
  const socket = new WebSocket(url, options)
  await once(socket, 'open')
  try {
    return await use(socket)
  } finally {
    const closed = once(socket, 'close')
    socket.close()
    await closed
  }
}

/** Sends 4 MiB, and some small messages before it, none longer than the relay takes; all of it comes back. */
async function echoed(url: string, options: object): Promise<void> {
  await opened(url, options, async (socket) => {
    const bytes = patterned(4 << 20)
    let [sent, came] = [0, 0]
    const whole = new Promise<void>((resolve, reject) => {
      socket.on('message', (chunk: Buffer) => {
        assert.ok(chunk.equals(bytes.subarray(came, came += chunk.length)))
        if (came === bytes.length) resolve()
      })
      socket.on('close', (code: number) => reject(new Error(`closed with ${code} after ${came} bytes`)))
    })
    for (const size of [1, 2, 1_000, ...Array<number>(16).fill(256 << 10)]) socket.send(bytes.subarray(sent, sent += size))
    await whole
  })
}

export const shows: Shows<WebPlace> = {
  'upgrade by nginx, 4 MiB there and back': (kit) => echoed(nginx(kit), { ca: kit.ca }),
  'through our relay, 4 MiB there and back': (kit) => echoed(kit.place.relayUrl, { ca: kit.ca }),

  async 'wrong CA refused'(kit) {
    await assert.rejects(echoed(nginx(kit), { ca: kit.otherCa }), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
    await opened(nginx(kit), { rejectUnauthorized: false }, () => Promise.resolve())
  },
}
