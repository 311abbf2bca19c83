// The second tab: a prompt on PostgreSQL, by pg as npm has it, over `libssl-wasm/node/net` and `libssl-wasm/node/tls`.

import { setDialer, tunnelDialer } from 'libssl-wasm/node/net'
import { ready } from 'libssl-wasm/node/tls'
import pg from 'pg'
import type { PageDatabase } from '../page-target.js'
import { byId, element, isUsable, milliseconds, plural, setUsable } from './dom.js'

/** More rows are counted, not shown. */
const MAX_SHOWN_ROWS = 500

/** What is used of pg. */
interface Client {
  readonly connection: { readonly stream: { getCipher(): { readonly version: string; readonly standardName: string } } }
  connect(): Promise<void>
  query(query: { readonly text: string; readonly rowMode: 'array' }): Promise<Result | readonly Result[]>
  on(event: 'error', listener: (error: Error) => void): void
  on(event: 'end', listener: () => void): void
}
interface Result {
  readonly command: string | null
  readonly rowCount: number | null
  readonly fields: readonly { readonly name: string }[]
  readonly rows: readonly unknown[][]
}

const page = {
  form: byId('sql-form', HTMLFormElement),
  query: byId('query', HTMLTextAreaElement),
  examples: byId('examples', HTMLElement),
  run: byId('run', HTMLButtonElement),
  status: byId('sql-status', HTMLElement),
  results: byId('results', HTMLElement),
}

/** One connection for all queries, so that what they set stays set. */
let client: Client | undefined

export function startSql(database: PageDatabase): void {
  page.run.disabled = false
  if ('missing' in database) {
    setUsable(page.run, false)
    say('failed', database.missing)
    return
  }
  setDialer(tunnelDialer(database.relayUrl))
  const run = () => { if (isUsable(page.run)) void runQuery(database) }
  page.form.addEventListener('submit', (event) => {
    event.preventDefault()
    run()
  })
  page.query.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    run()
  })
  page.examples.addEventListener('click', ({ target }) => {
    const { query } = target instanceof HTMLButtonElement ? target.dataset : {}
    if (query === undefined) return
    page.query.value = query
    run()
  })
}

type ReachableDatabase = Exclude<PageDatabase, { readonly missing: string }>

async function runQuery(database: ReachableDatabase): Promise<void> {
  setUsable(page.run, false)
  const startMs = performance.now()
  try {
    say('connecting', client ? 'Running …' : 'Connecting …')
    client ??= await connect(database)
    const { stream } = client.connection
    const results = [await client.query({ text: page.query.value, rowMode: 'array' })].flat()
    page.results.replaceChildren(...results.map(describe))
    const { version, standardName } = stream.getCipher()
    say('open', `${milliseconds(performance.now() - startMs)} ms, by ${version} with ${standardName}`)
  } catch (error) {
    // Errors of another severity end the connection, though its event may not have come yet.
    if ((error as DatabaseError).severity !== 'ERROR') client = undefined
    page.results.replaceChildren(failure(error as DatabaseError))
    say('failed', 'No result.')
  } finally {
    setUsable(page.run, true)
  }
}

async function connect({ host, port, servername, user, password, database, anchors }: ReachableDatabase): Promise<Client> {
  const [ca] = await Promise.all([fetch(anchors).then((response) => response.text()), ready()])
  const made = new pg.Client({ host, port, user, password, database, enableChannelBinding: true, ssl: { ca, servername } }) as Client
  const forget = () => { if (client === made) client = undefined }
  made.on('error', forget) // a query that waits is rejected; the next one connects again
  made.on('end', forget)
  await made.connect()
  return made
}

function describe({ command, rowCount, fields, rows }: Result): HTMLElement {
  const counted = rowCount === null ? '' : ` · ${plural(rowCount, 'row')}`
  const hidden = rows.length - MAX_SHOWN_ROWS
  const caption = element(
    'caption', {}, `${command ?? 'nothing to do'}${counted}${hidden > 0 ? `, of which ${MAX_SHOWN_ROWS} are shown` : ''}`,
  )
  if (fields.length === 0) return element('table', {}, caption)
  return element('table', {}, caption,
    element('thead', {}, element('tr', {}, ...fields.map(({ name }) => element('th', {}, name)))),
    element('tbody', {}, ...rows.slice(0, MAX_SHOWN_ROWS).map((cells) => element('tr', {}, ...cells.map(cellOf)))))
}

function cellOf(value: unknown): HTMLElement {
  if (value === null) return element('td', { className: 'null' }, 'null')
  return element(
    'td', { className: typeof value === 'number' ? 'number' : '' }, typeof value === 'object' ? JSON.stringify(value) : String(value),
  )
}

interface DatabaseError extends Error {
  readonly severity?: string
  readonly code?: string
  readonly detail?: string
  readonly hint?: string
}

function failure({ name, code = name, message, detail, hint }: DatabaseError): HTMLElement {
  const more = [detail, hint].flatMap((words) => words === undefined ? [] : [element('p', {}, words)])
  return element(
    'div', { className: 'failure', data: { code } }, element('p', {}, element('strong', {}, code)), element('p', {}, message), ...more,
  )
}

function say(state: 'connecting' | 'open' | 'failed', text: string): void {
  page.status.dataset['state'] = state
  page.status.textContent = text
}
