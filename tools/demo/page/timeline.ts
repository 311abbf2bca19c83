// The sequence diagram: an arrow for each record with the messages in it, and between the arrows what each SSL call
// returned. It is an ordered list; style sheets make lanes of it.

import type { IoEvent, WireTraceEvent } from 'libssl-wasm'
import { bytes, element, milliseconds, plural } from './dom.js'

/** Further rows are counted, not shown: an answer of megabytes is thousands of records. */
const MAX_ROWS = 500
/** An alert by its form, but no cause for alarm. */
const GOODBYE = 'warning close_notify'

interface RecordRow {
  readonly event: WireTraceEvent
  readonly row: HTMLLIElement
  readonly arrow: HTMLElement
  readonly carrier: HTMLElement
  messages: number
  inner: string | undefined
}

export class Timeline {
  readonly #list: HTMLElement
  readonly #totals: HTMLElement
  #startMs = 0
  /** The last record each way: the messages that follow were in it. */
  #records: { sent: RecordRow | undefined; received: RecordRow | undefined } = { sent: undefined, received: undefined }
  #waiting: { readonly detail: HTMLElement; readonly sinceMs: number } | undefined
  #rows = 0
  #calls = 0
  #traffic = { sent: { records: 0, bytes: 0 }, received: { records: 0, bytes: 0 } }

  constructor(list: HTMLElement, totals: HTMLElement) {
    this.#list = list
    this.#totals = totals
  }

  /** Empties it; times count from now. */
  start(): void {
    this.#startMs = performance.now()
    this.#list.replaceChildren()
    this.#records = { sent: undefined, received: undefined }
    this.#waiting = undefined
    this.#rows = this.#calls = 0
    this.#traffic = { sent: { records: 0, bytes: 0 }, received: { records: 0, bytes: 0 } }
    this.#count()
  }

  get elapsedMs(): number {
    return performance.now() - this.#startMs
  }

  /** Something beside TLS, such as the opening of the tunnel. */
  note(text: string): void {
    this.#add('note', performance.now(), {}, element('span', { className: 'words' }, text))
  }

  /** One event of `onTrace`, from the wire. */
  trace(event: WireTraceEvent): void {
    this.#endWait(event.atMs)
    if (event.kind === 'record') return this.#record(event)
    const record = this.#records[event.direction]
    if (!record) return
    if (event.name === GOODBYE) return this.#message(record, 'goodbye', 'close_notify', event.bytes)
    if (event.kind !== 'inner_content_type') return this.#message(record, event.kind, event.name, event.bytes)
    record.inner = event.name
    record.carrier.textContent = `record · ${bytes(record.event.bytes)} · encrypted ${event.name}`
    if (event.name === 'application_data') this.#message(record, 'application_data', 'application data')
  }

  /** One event of `onIo`, after the records that the call made. */
  turn({ call, ret, error, sentBytes, receivedBytes }: IoEvent): void {
    const nowMs = performance.now()
    this.#endWait(nowMs)
    this.#settle('sent')
    this.#settle('received')
    this.#calls += 1
    const moved = [
      ...(receivedBytes > 0 ? [`${bytes(receivedBytes)} fed`] : []),
      ...(sentBytes > 0 ? [`${bytes(sentBytes)} to send`] : []),
    ].join(', ')
    const detail = element('span', { className: 'detail' }, moved)
    // SSL_shutdown(3): 0 says that the peer's goodbye has not come yet, and SSL_get_error is not to be asked then.
    const contentSoFar = call === 'SSL_shutdown' && ret === 0
    const answer = contentSoFar ? 'NONE' : error === 'SSL_ERROR_SSL' ? error : error.replace('SSL_ERROR_', '')
    this.#add('turn', nowMs, { call, ret: String(ret), error: answer },
      element('span', { className: 'words' },
        element('code', {}, `${call} → ${String(ret).replace('-', '−')} `),
        ...(answer === 'NONE' ? [] : [element('span', { className: 'answer-code' }, `${answer} `)]), detail))
    if (answer === 'WANT_READ') this.#waiting = { detail, sinceMs: nowMs }
    this.#count()
  }

  #record(event: WireTraceEvent): void {
    this.#settle(event.direction)
    const arrow = element('span', { className: 'arrow' }, element('span', { className: 'hidden' }, event.direction))
    const carrier = element('span', { className: 'carrier' }, `record · ${bytes(event.bytes)}`)
    const row = this.#add('wire', event.atMs, { direction: event.direction, kind: 'record', record: event.name }, arrow, carrier)
    this.#records[event.direction] = { event, row, arrow, carrier, messages: 0, inner: undefined }
    this.#traffic[event.direction].records += 1
    this.#traffic[event.direction].bytes += event.bytes
    this.#count()
  }

  #message(record: RecordRow, kind: string, name: string, size?: number): void {
    record.messages += 1
    record.row.dataset['kind'] = kind
    const detail = size === undefined || kind === 'change_cipher_spec' ? [] : [' ', element('small', {}, bytes(size))]
    record.arrow.append(element('span', { className: 'message', data: { name } }, name, ...detail))
  }

  /** Describes a record of which no message was reported, for example TLS 1.2's application data. */
  #settle(direction: WireTraceEvent['direction']): void {
    const record = this.#records[direction]
    if (!record || record.messages > 0) return
    const { name } = record.event
    if (name === 'change_cipher_spec') this.#message(record, name, 'ChangeCipherSpec')
    else if (name === 'application_data' && record.inner === undefined) this.#message(record, name, 'application data')
    else this.#message(record, record.inner ?? name, 'to be continued')
  }

  #endWait(atMs: number): void {
    const waited = this.#waiting && atMs - this.#waiting.sinceMs
    if (waited !== undefined && waited >= 0.1) {
      const { detail } = this.#waiting!
      detail.textContent += `${detail.textContent ? ', then ' : ''}waited ${milliseconds(waited)} ms`
    }
    this.#waiting = undefined
  }

  #add(className: string, atMs: number, data: Readonly<Record<string, string>>, ...content: readonly HTMLElement[]): HTMLLIElement {
    const at = element('span', { className: 'at' }, milliseconds(Math.max(0, atMs - this.#startMs)))
    const row = element('li', { className, data }, at, ...content)
    this.#rows += 1
    if (this.#rows <= MAX_ROWS) this.#list.append(row)
    return row
  }

  #count(): void {
    const { sent, received } = this.#traffic
    const hidden = this.#rows - MAX_ROWS
    this.#totals.textContent = `${plural(this.#calls, 'SSL call')} · sent ${plural(sent.records, 'record')}, ${bytes(sent.bytes)} · `
      + `received ${plural(received.records, 'record')}, ${bytes(received.bytes)}`
      + `${hidden > 0 ? ` · ${plural(hidden, 'row')} not shown` : ''}`
  }
}
