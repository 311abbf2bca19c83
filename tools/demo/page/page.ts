// The steps of the page, wherever its list of targets comes from: connect, watch, ask, read.

import { CertificateError, load, type LibSsl, type WireTraceEvent, type X509 } from 'libssl-wasm'
import type { PageTarget } from '../page-target.js'
import { certificateTree, failedCertificate } from './certificate-tree.js'
import { bytes, byId, element, isUsable, milliseconds, plural, setUsable } from './dom.js'
import { agreed, failure, failureCode } from './outcome.js'
import { Session, type SessionObserver } from './session.js'
import { Timeline } from './timeline.js'

/** More of an answer is counted, not shown. */
const MAX_SHOWN_BYTES = 256 * 1024

type State = 'idle' | 'connecting' | 'open' | 'closed' | 'failed'

const page = {
  engine: byId('engine', HTMLElement),
  command: byId('command', HTMLElement),
  connectForm: byId('connect-form', HTMLFormElement),
  connect: byId('connect', HTMLButtonElement),
  status: byId('status', HTMLElement),
  outcome: byId('outcome', HTMLElement),
  certificates: byId('certificates', HTMLElement),
  serverEnd: byId('server-end', HTMLElement),
  scroller: byId('scroller', HTMLElement),
  sendForm: byId('send-form', HTMLFormElement),
  request: byId('request', HTMLTextAreaElement),
  send: byId('send', HTMLButtonElement),
  close: byId('close', HTMLButtonElement),
  keyLog: byId('key-log', HTMLAnchorElement),
  keyLogHint: byId('key-log-hint', HTMLElement),
  answer: byId('answer', HTMLElement),
  answerSize: byId('answer-size', HTMLElement),
}
const timeline = new Timeline(byId('timeline', HTMLElement), byId('totals', HTMLElement))

let session: Session | undefined
let keyLogLines: string[] = []

/** Who says where the page connects to. */
export interface Chooser {
  /** What is chosen now; throws an Error that says what is missing. */
  chosen(): PageTarget
  /** The trust anchors for it. */
  anchors(target: PageTarget): Promise<string | readonly (string | Uint8Array)[]>
}

/** Loads OpenSSL, and makes the page's buttons work. What `choosing` gives is asked at each connection. */
export function startPage(choosing: () => Promise<Chooser>): void {
  start(choosing).catch((error: unknown) => {
    page.engine.textContent = 'OpenSSL could not be loaded'
    fail(error, undefined)
  })
}

async function start(choosing: () => Promise<Chooser>): Promise<void> {
  for (const button of [page.connect, page.send, page.close]) {
    button.disabled = false
    setUsable(button, false)
  }
  const startMs = performance.now()
  // Compiled once, while it arrives. Each connection gets an instance, and so memory, of its own.
  const [module, chooser] = await Promise.all([WebAssembly.compileStreaming(fetch('libssl.wasm')), choosing()])
  const { version } = await load({ wasm: module })
  page.engine.textContent = `${version.split(' ').slice(0, 2).join(' ')}, ready in ${milliseconds(performance.now() - startMs)} ms`

  const choose = () => {
    try {
      const { command, request } = chooser.chosen()
      page.command.textContent = command
      page.request.value = request
    } catch {
      page.command.textContent = '' // the button says what is missing
    }
  }
  page.connectForm.addEventListener('input', choose)
  page.connectForm.addEventListener('submit', (event) => {
    event.preventDefault()
    if (isUsable(page.connect)) void connectChosen(chooser, () => load({ wasm: module }))
  })
  page.sendForm.addEventListener('submit', (event) => {
    event.preventDefault()
    if (isUsable(page.send)) session?.send(page.request.value).catch(() => {}) // the session tells how it ended
  })
  page.close.addEventListener('click', () => { if (isUsable(page.close)) session?.close() })
  for (const name of ['records', 'turns']) {
    const box = byId(`show-${name}`, HTMLInputElement)
    const apply = () => page.scroller.classList.toggle(`without-${name}`, !box.checked)
    box.addEventListener('change', apply)
    apply() // a browser that reloads keeps the box as it was
  }
  choose()
  setUsable(page.connect, true)
}

async function connectChosen(chooser: Chooser, instance: () => Promise<LibSsl>): Promise<void> {
  let target: PageTarget
  try {
    target = chooser.chosen()
  } catch (error) {
    return say('failed', (error as Error).message)
  }
  await connectTo(target, () => chooser.anchors(target), instance)
}

async function connectTo(
  target: PageTarget, anchors: () => ReturnType<Chooser['anchors']>, instance: () => Promise<LibSsl>,
): Promise<void> {
  session?.abandon()
  session = undefined
  clear(target)
  say('connecting', `Connecting to ${target.address} …`)
  setUsable(page.connect, false)
  try {
    const [ca, libssl] = await Promise.all([anchors(), instance()])
    timeline.start()
    session = new Session(target, ca, libssl, observer(target))
  } catch (error) {
    fail(error, undefined)
  } finally {
    setUsable(page.connect, true)
  }
}

function observer(target: PageTarget): SessionObserver {
  let alert: WireTraceEvent | undefined
  let answered = 0
  const decoder = new TextDecoder()
  return {
    onTunnel: () => timeline.note('the tunnel is open'),
    onTrace: (event) => {
      if (event.kind === 'alert') alert = event
      timeline.trace(event)
    },
    onIo: (event) => timeline.turn(event),
    onKeylog: keepSecret,
    onOpened: (info) => {
      const durationMs = timeline.elapsedMs
      page.outcome.replaceChildren(agreed(info, target.servername, durationMs))
      page.certificates.replaceChildren(certificateTree(info.peerCertificateChain))
      say('open', `Connected with ${info.protocol} in ${milliseconds(durationMs)} ms; the certificate is good for ${target.servername}.`)
    },
    onAnswer: (chunk) => {
      if (answered < MAX_SHOWN_BYTES) page.answer.append(decoder.decode(chunk, { stream: true }))
      answered += chunk.byteLength
      page.answerSize.textContent =
        `${bytes(answered)}${answered > MAX_SHOWN_BYTES ? `, of which ${bytes(MAX_SHOWN_BYTES)} or so are shown` : ''}`
    },
    onClosed: () => say('closed', 'Closed cleanly: close_notify went both ways.'),
    onFailed: (error) => fail(error, alert),
  }
}

function fail(error: unknown, alert: WireTraceEvent | undefined): void {
  const wasOpen = page.status.dataset['state'] === 'open'
  if (wasOpen) page.outcome.append(failure(error, alert))
  else page.outcome.replaceChildren(failure(error, alert))
  if (error instanceof CertificateError && error.certificate) {
    page.certificates.replaceChildren(failedCertificate(error.certificate as X509, error.depth, error.code))
  }
  const told = alert?.direction === 'sent' ? ` The server was told: ${alert.name}.` : ''
  say('failed', `${wasOpen ? 'Broken off' : 'No connection'}: ${failureCode(error)}.${told}`)
}

function say(state: State, text: string): void {
  page.status.dataset['state'] = state
  page.status.textContent = text
  setUsable(page.send, state === 'open')
  setUsable(page.close, state === 'open')
}

function clear(target: PageTarget): void {
  timeline.start()
  page.serverEnd.textContent = target.address
  page.outcome.replaceChildren(element('p', { className: 'empty' }, 'Not yet.'))
  page.certificates.replaceChildren(element('p', { className: 'empty' }, 'None yet.'))
  page.answer.replaceChildren()
  page.answerSize.textContent = ''
  keyLogLines = []
  URL.revokeObjectURL(page.keyLog.href)
  page.keyLog.hidden = page.keyLogHint.hidden = true
}

/** The lines never leave the page but as the file that is asked for. */
function keepSecret(line: string): void {
  keyLogLines.push(line)
  URL.revokeObjectURL(page.keyLog.href)
  page.keyLog.href = URL.createObjectURL(new Blob(keyLogLines.map((each) => `${each}\n`), { type: 'text/plain' }))
  page.keyLogHint.textContent =
    `The key log has ${plural(keyLogLines.length, 'line')} for Wireshark. Whoever has it can read this connection.`
  page.keyLog.hidden = page.keyLogHint.hidden = false
}
