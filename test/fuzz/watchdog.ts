// A call that never returns leaves nothing in its own thread that could tell of it: another thread does.

import { Worker } from 'node:worker_threads'

const MOST_SECONDS = 120

const program = `
const { workerData: { counter, words } } = require('node:worker_threads')
let [seen, since] = [-1, 0]
setInterval(() => {
  const now = Atomics.load(counter, 0)
  if (now !== seen) [seen, since] = [now, Date.now()]
  else if (Date.now() - since > ${MOST_SECONDS} * 1000) {
    require('node:fs').writeSync(2, 'it does not return: ' + Buffer.from(words).toString().replace(/\\0+$/, '') + '\\n')
    process.kill(process.pid, 'SIGKILL')
  }
}, 1000)`

/** Ends the process, and says at what it was, when {@link began} has not been called for two minutes. */
export class Watchdog {
  readonly #counter = new Int32Array(new SharedArrayBuffer(4))
  readonly #words = new Uint8Array(new SharedArrayBuffer(500))

  constructor() {
    new Worker(program, { eval: true, workerData: { counter: this.#counter, words: this.#words } }).unref()
  }

  began(what: string): void {
    this.#words.fill(0)
    this.#words.set(Buffer.from(what).subarray(0, 500))
    Atomics.add(this.#counter, 0, 1)
  }
}
