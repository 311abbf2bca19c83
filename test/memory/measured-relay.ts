// The relay as a program of its own, whose memory can be looked at.

import { fileURLToPath } from 'node:url'
import { Peer } from '../interop/peers/process.js'
import { Memory, settledMemory, type Process } from './processes.js'

const dist = (path: string) => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url))

/**
 * The relay makes two copies of what it carries, garbage of 64 KiB apiece, and glibc keeps freed pieces of that size while
 * others between them are in use: tens of MiB, depending on when V8 collects and not on how much is carried. Pieces above
 * this go back to the system when they are freed: so what is measured is what the relay holds.
 */
const GIVE_BACK = 'MALLOC_MMAP_THRESHOLD_=32768'

/** Beside the program: collects garbage upon a signal, and says so. */
const collector =
  `data:text/javascript,${encodeURIComponent("let times = 0; process.on('SIGUSR2', () => { gc(); console.error('collected', ++times) })")}`

export class MeasuredRelay {
  readonly url: string
  readonly #peer: Peer
  readonly #process: Process
  #collections = 0

  private constructor(peer: Peer, url: string) {
    this.#peer = peer
    this.#process = { pid: peer.pid, role: 'relay' }
    this.url = url
  }

  /** The command, as users start it. */
  static start(target: string, origin: string): Promise<MeasuredRelay> {
    return MeasuredRelay.#run(dist('apps/cli/main.js'), 'relay', '--allow', target, '--origin', origin)
  }

  /** One that holds up to 1 GiB for a client. */
  static startUnbounded(target: string): Promise<MeasuredRelay> {
    return MeasuredRelay.#run('--input-type=module', '--eval', `
      import { startRelay } from ${JSON.stringify(dist('apps/relay/relay.js'))}
      const { url } = await startRelay({ allow: [${JSON.stringify(target)}], highWaterMarkBytes: 2 ** 30 })
      console.log('relay listening on ' + url)`)
  }

  static async #run(...args: readonly string[]): Promise<MeasuredRelay> {
    const peer = await Peer.start('env', [GIVE_BACK, process.execPath, '--expose-gc', '--import', collector, ...args])
    const [, url] = await peer.printed(/relay listening on (\S+)/)
    return new MeasuredRelay(peer, url!)
  }

  /** As it is, with whatever garbage nobody has collected yet. */
  memory(): Memory {
    return new Memory([this.#process])
  }

  settled(): Promise<Memory> {
    return settledMemory([this.#process], async () => {
      process.kill(this.#peer.pid, 'SIGUSR2')
      await this.#peer.printed(new RegExp(`^collected ${++this.#collections}$`, 'm'))
    })
  }
}
