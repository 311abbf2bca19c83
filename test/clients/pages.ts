// Columns whose clients run in a page. Each is opened twice: to reach its server through a tunnel of its own for each socket, and
// through Wisp. All are frames in one page of one browser.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { startRelay } from '../../src/apps/relay/relay.js'
import { Program } from '../conformance/program.js'
import type { Browser, Missing } from '../conformance/runtimes/runtime.js'
import { HOST } from '../helpers/free-ports.js'
import { serveFile } from '../helpers/serve-file.js'
import { makeBundle } from './bundle.js'
import type { Column, KitData, Outcome, StartedColumn } from './column.js'
import type { Told } from './page.js'
import { describe } from './show-each.js'
import type { Shown } from './show.js'

/** How long a client may take for all that is shown of it. */
const PATIENCE_MS = 240_000
/** How long its connections may go on when all has been shown. RabbitMQ closes after 30 seconds what amqplib has ended in a page. */
const LINGER_MS = 60_000

/** What its sockets go through, and how many connections the relay has when the client has none: Wisp's own stays. */
const ways = [{ through: 'tunnel', left: 0 }, { through: 'wisp', left: 1 }] as const

export function pageColumn(name: string, find: () => Browser | Missing, without: NonNullable<Column['without']>): Column {
  return {
    name,
    without,
    async start(project, clients) {
      const browser = find()
      if ('missing' in browser) throw new Error(browser.missing)
      return OpenBrowser.start(browser, await makeBundle(project, clients))
    },
  }
}

/** Makes a frame of each run that it is told of, until it is told that this is over. */
const framesPage = `<!doctype html>
<meta charset="utf-8">
<title>clients</title>
<script type="module">
  const frames = {}
  const runs = new EventSource('/runs')
  runs.addEventListener('begin', ({ data }) => {
    document.body.append(frames[data] = document.createElement('iframe'))
    frames[data].src = data
  })
  runs.addEventListener('end', ({ data }) => frames[data].remove())
</script>
`

interface Run {
  readonly kit: KitData
  tell(told: Told): void
}

class OpenBrowser implements StartedColumn {
  readonly #directory: string
  readonly #runs = new Map<string, Run>()
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  /** The page's, to which runs are told. */
  #frames!: ServerResponse
  #program!: Program

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async start({ open }: Browser, directory: string): Promise<OpenBrowser> {
    const started = new OpenBrowser(directory)
    started.#server.listen(0, HOST)
    await once(started.#server, 'listening')
    started.#program = new Program(open(`${started.#origin}/`))
    const asked = once(started.#server, 'runs').then(([response]) => { started.#frames = response as ServerResponse })
    await Promise.race([asked, started.#program.ended.then((how) => Promise.reject(new Error(`${how}\n${started.#program.output}`)))])
    return started
  }

  async run(client: string, kit: KitData): Promise<Outcome> {
    const shown: Shown[] = []
    for (const way of ways) {
      try {
        await this.#runThrough(way, client, kit, (one) => shown.push({ ...one, through: way.through }))
      } catch (error) {
        return { shown, crashed: `through ${way.through}: ${describe(error)}\n${this.#program.output}` }
      }
    }
    return { shown }
  }

  async end(): Promise<void> {
    await this.#program.end()
    this.#server.closeAllConnections()
    this.#server.close()
  }

  get #origin(): string {
    return `http://${HOST}:${(this.#server.address() as AddressInfo).port}`
  }

  async #runThrough({ through, left }: typeof ways[number], client: string, kit: KitData, tell: (shown: Shown) => void): Promise<void> {
    const relay = await startRelay({ host: HOST, allow: targets(kit.place), origins: [this.#origin], connectTimeoutMs: 60_000 })
    const run = `${client}-${through}`
    const url = `/index.html?${new URLSearchParams({ client, through, relay: relay.url, run })}`
    const ended = new AbortController()
    try {
      const done = new Promise<void>((resolve, reject) => {
        this.#runs.set(run, {
          kit,
          tell(told) {
            if ('shown' in told) tell(told.shown)
            else if ('done' in told) resolve()
            else reject(new Error(told.crashed))
          },
        })
      })
      const late = setTimeout(PATIENCE_MS, `has not come to its end within ${PATIENCE_MS} ms`, ended)
      const died = Promise.race([late, this.#program.ended]).then((how) => Promise.reject(new Error(how)))
      this.#send('begin', url)
      await Promise.race([done, died])
      for (const since = Date.now(); relay.connections > left; await setTimeout(20)) {
        if (Date.now() - since > LINGER_MS) throw new Error(`${relay.connections - left} connections are still open`)
      }
    } finally {
      ended.abort()
      this.#send('end', url)
      this.#runs.delete(run)
      await relay.close()
    }
  }

  #send(event: 'begin' | 'end', url: string): void {
    this.#frames.write(`event: ${event}\ndata: ${url}\n\n`)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url!, this.#origin).pathname
    const [, what, name] = path.split('/') as [string, string, string]
    if (what === '') return void response.setHeader('content-type', 'text/html').end(framesPage)
    if (what === 'runs') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      return void this.#server.emit('runs', response)
    }
    const run = this.#runs.get(name)
    if (what === 'kit') return void response.end(JSON.stringify(run?.kit))
    if (what !== 'told') return serveFile(join(this.#directory, normalize(path)), response)
    let text = ''
    for await (const chunk of request) text += String(chunk)
    run?.tell(JSON.parse(text) as Told)
    response.end()
  }
}

/** What is in a server's place as a port may be connected to. */
function targets(place: object): string[] {
  const ports = Object.entries(place).filter(([name]) => /port$/i.test(name)).map(([, port]) => String(port))
  return ports.flatMap((port) => [`localhost:${port}`, `${HOST}:${port}`])
}
