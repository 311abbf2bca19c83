// The other end of blocking-worker.ts: a real TCP socket on this thread, and a worker that sleeps whenever it wants
// what the socket has not given yet.

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { Ring } from './blocking-ring.js'
import type { BlockingJob, BlockingOutcome, Doorbell } from './blocking-worker.js'

/** Both rings are smaller than a flight, so that writes block too. */
const RING_BYTES = 100

/**
 * Runs `job` in a worker over `socket`. Bytes are given and taken only after the worker said that it sleeps for want of that,
 * `pieceBytes` at most at a time: it sleeps in every run, not only when this thread is slow.
 */
export async function runBlocking(
  socket: Socket, job: Omit<BlockingJob, 'toWorker' | 'fromWorker'>, pieceBytes = 50,
): Promise<BlockingOutcome> {
  const toWorker = new Ring(RING_BYTES)
  const fromWorker = new Ring(RING_BYTES)
  const url = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)
  const worker = new Worker(`import(${url('./blocking-source.mjs')}).then(() => import(${url('./blocking-worker.ts')}))`, {
    eval: true,
    execArgv: [],
    workerData: { ...job, toWorker: toWorker.shared, fromWorker: fromWorker.shared } satisfies BlockingJob,
  })
  let waiting = Buffer.alloc(0)
  let ended = false
  let wanted = false
  const serve = () => {
    if (!wanted || (waiting.length === 0 && !ended)) return
    wanted = false
    if (waiting.length === 0) toWorker.close()
    else waiting = waiting.subarray(toWorker.write(waiting.subarray(0, pieceBytes)))
  }
  socket.on('data', (chunk: Buffer) => { waiting = Buffer.concat([waiting, chunk]); serve() })
  // A reset is an end for whoever reads.
  socket.on('error', () => {})
  socket.on('close', () => { ended = true; serve() })
  socket.on('end', () => { ended = true; serve() })
  try {
    return await new Promise<BlockingOutcome>((resolve, reject) => {
      worker.on('error', reject)
      worker.on('exit', () => reject(new Error('the worker ended without an outcome')))
      worker.on('message', (message: Doorbell | BlockingOutcome) => {
        const bytes = Buffer.alloc(RING_BYTES)
        const count = fromWorker.read(bytes)
        if (count > 0 && socket.writable) socket.write(bytes.subarray(0, count))
        if (message === 'wants to read') {
          wanted = true
          serve()
        } else if (message !== 'wants to write') {
          resolve(message)
        }
      })
    })
  } finally {
    await worker.terminate()
    socket.destroy()
    if (!socket.closed) await once(socket, 'close')
  }
}
