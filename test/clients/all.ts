// Servers, the clients that each is for, and the places in which clients run: the table's rows and columns.

import { bunProgram } from '../conformance/runtimes/bun.js'
import { findChromium } from '../conformance/runtimes/chromium.js'
import { denoProgram } from '../conformance/runtimes/deno.js'
import { findFirefox } from '../conformance/runtimes/firefox.js'
import { findNode } from '../conformance/runtimes/node.js'
import type { Column } from './column.js'
import { pageColumn } from './pages.js'
import { processColumn } from './processes.js'
import type { Home } from './servers/home.js'
import { startDovecot } from './servers/dovecot.js'
import { startExim } from './servers/exim.js'
import { startMariadb } from './servers/mariadb.js'
import { startMongod } from './servers/mongod.js'
import { startMosquitto } from './servers/mosquitto.js'
import { startNats } from './servers/nats.js'
import { startPostgresql } from './servers/postgresql.js'
import { startRabbitmq } from './servers/rabbitmq.js'
import { startRedis } from './servers/redis.js'
import { startSlapd } from './servers/slapd.js'
import { startSqlServer } from './servers/sql-server.js'
import { startWeb } from './servers/web.js'
import { workerColumn } from './workers.js'

export interface ServerRow {
  readonly server: string
  /** Resolves to what its clients' functions get as `place`. */
  start(home: Home): Promise<object>
  /** Names of npm packages and of files in clients/. */
  readonly clients: readonly string[]
}

/** In the order in which they are started: those that take long come first. */
export const servers: readonly ServerRow[] = [
  { server: 'RabbitMQ', start: startRabbitmq, clients: ['amqplib'] },
  { server: 'PostgreSQL', start: startPostgresql, clients: ['pg', 'postgres'] },
  { server: 'MariaDB', start: startMariadb, clients: ['mysql2'] },
  { server: 'Redis', start: startRedis, clients: ['ioredis', 'redis'] },
  { server: 'Mosquitto', start: startMosquitto, clients: ['mqtt'] },
  { server: 'Dovecot', start: startDovecot, clients: ['imapflow'] },
  { server: 'Exim', start: startExim, clients: ['nodemailer'] },
  { server: 'nginx, our relay', start: startWeb, clients: ['undici', 'ws'] },
  { server: 'slapd', start: startSlapd, clients: ['ldapts'] },
  { server: 'nats-server', start: startNats, clients: ['nats'] },
  { server: 'our own server end', start: startMongod, clients: ['mongodb'] },
  { server: 'our own server end', start: startSqlServer, clients: ['tedious'] },
]

/** What they ask for when they are loaded, or first connect. */
const notInPages = {
  redis: 'Asks `stream` for `EventEmitter`, which its polyfill lacks',
  undici: 'Asks for modules of Node that have no polyfill, for example `async_hooks`',
  ws: 'Refuses to run in a page, which has a WebSocket of its own',
  ldapts: 'Asks `util` for `TextDecoder` and `crypto` for `randomUUID()`, which the polyfills lack',
  tedious: 'Asks for `Readable.from()`, which the polyfill of `stream` lacks',
}

const node = () => one(findNode(24))

export const columns: readonly Column[] = [
  processColumn('Node 24 with node:tls', node, []),
  processColumn('Node 24', node, ['--ours']),
  processColumn('Deno', () => one(denoProgram())?.concat('run', '--allow-all', '--no-remote', '--quiet'), ['--ours']),
  processColumn('Bun', () => one(bunProgram()), ['--ours'], { undici: 'Bun has a module of its own in the place of undici' }),
  pageColumn('Chromium', findChromium, notInPages),
  pageColumn('Firefox', findFirefox, notInPages),
  workerColumn('workerd', {
    undici: 'An edge worker compiles no WebAssembly at run time, as undici does for its parser of HTTP',
    ws: "An edge worker's `node:https` is its fetch(), and takes no socket, as ws gives it",
    redis: { '10,000 commands at once': 'an edge worker has at most 10,000 timers, and redis sets one for each command' },
  }),
]

function one(program: string | undefined): readonly string[] | undefined {
  return program === undefined ? undefined : [program]
}
