import { strict as assert } from 'node:assert'
import { Agent, request } from 'undici'
import type { WebPlace } from '../servers/web.js'
import type { Kit, Shows } from '../show.js'

type WebKit = Kit<WebPlace>

const url = ({ place: { nginxPort } }: WebKit, path: string) => `https://localhost:${nginxPort}${path}`

async function through<T>(
  { connect, ...options }: { readonly connect: object; readonly [option: string]: unknown }, use: (agent: Agent) => Promise<T>,
): Promise<T> {
  const agent = new Agent({ connect: { timeout: 60_000, ...connect }, ...options })
  try {
    return await use(agent)
  } finally {
    await agent.close()
  }
}

/** What nginx tells of the request: connection, HTTP, TLS, the client's certificate, whether the session was resumed. */
async function told(kit: WebKit, agent: Agent): Promise<string[]> {
  const { body } = await request(url(kit, '/told'), { dispatcher: agent })
  return (await body.text() as string).split(' ')
}

export const shows: Shows<WebPlace> = {
  async 'keep-alive: 100 requests on one connection'(kit) {
    await through({ connect: { ca: kit.ca }, connections: 1 }, async (agent) => {
      const answers = []
      for (let times = 0; times < 100; times++) answers.push(await told(kit, agent))
      assert.equal(new Set(answers.map(([connection]) => connection)).size, 1)
      assert.deepEqual(answers[0]!.slice(1, 4), ['HTTP/1.1', 'TLSv1.3', 'NONE'])
    })
  },

  async 'session resumed by the next connection'(kit) {
    await through({ connect: { ca: kit.ca, maxCachedSessions: 1 }, pipelining: 0 }, async (agent) => {
      const [first, second] = [await told(kit, agent), await told(kit, agent)]
      assert.notEqual(first[0], second[0])
      assert.deepEqual([first[4], second[4]], ['.', 'r'])
    })
  },

  async 'client certificate'(kit) {
    const { ca, cert, key } = kit
    await through({ connect: { ca, cert, key } }, async (agent) => assert.equal((await told(kit, agent))[3], 'SUCCESS'))
  },

  async 'HTTP/2 by ALPN'(kit) {
    await through({ connect: { ca: kit.ca }, allowH2: true }, async (agent) => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => told(kit, agent)))
      assert.deepEqual(new Set(answers.map(([, http]) => http)), new Set(['HTTP/2.0']))
    })
  },

  async '8 MiB down, over HTTP/1.1 and HTTP/2'(kit) {
    for (const allowH2 of [false, true]) {
      await through({ connect: { ca: kit.ca }, allowH2 }, async (agent) => {
        const { body } = await request(url(kit, '/large'), { dispatcher: agent })
        assert.equal(await body.text(), 'x'.repeat(8 << 20))
      })
    }
  },

  async 'wrong CA refused'(kit) {
    await through(
      { connect: { ca: kit.otherCa } }, (agent) => assert.rejects(told(kit, agent), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }),
    )
    await through({ connect: { rejectUnauthorized: false } }, (agent) => told(kit, agent))
  },
}
