// Collects tests and runs them one after the other: the part of a test framework that no framework offers for all of
// these runtimes.

import type { Harness } from './harness.js'

/** What became of one test. */
export interface Result {
  /** The outermost `describe`. */
  readonly group: string
  readonly name: string
  readonly passed: boolean
  /** Given by {@link Harness.lacks}: why the runtime cannot do it, which was asserted. */
  readonly lacks?: string
  readonly error?: string
}

interface Test extends Pick<Result, 'group' | 'name' | 'lacks'> {
  readonly body: () => Promise<void> | void
}

type Given = Pick<Harness, 'expect' | 'runtime' | 'host' | 'meeting' | 'identities'>

/** A test that hangs must not take the others with it. */
const PATIENCE_MS = 30_000

/** Runs all that `suite` describes; `report` is told of each result. */
export async function runSuite(
  suite: (harness: Harness) => void, given: Given,
  report: (result: Result) => Promise<void>,
): Promise<void> {
  const tests = collect(suite, given)
  const strays: unknown[] = []
  // Node has no such event and ends instead, which is noticed, too.
  globalThis.addEventListener?.('unhandledrejection', (event) => {
    event.preventDefault()
    strays.push((event as PromiseRejectionEvent).reason)
  })
  for (const { body, ...test } of tests) {
    let error: string | undefined
    try {
      await within(body)
    } catch (reason) {
      error = explain(reason)
    }
    await given.host.stopAll()
    for (const stray of strays.splice(0)) error = `${error ?? ''}\nunhandled: ${explain(stray)}`
    await report({ ...test, passed: error === undefined, ...(error !== undefined && { error }) })
  }
}

function collect(suite: (harness: Harness) => void, given: Given): Test[] {
  const tests: Test[] = []
  const path: string[] = []
  const add = (name: string, body: Test['body'], more: { lacks?: string } = {}) => {
    tests.push({ group: path[0]!, name: [...path.slice(1), name].join(' › '), body, ...more })
  }
  suite({
    ...given,
    describe(name, body) {
      path.push(name)
      body()
      path.pop()
    },
    it: (name, body) => add(name, body),
    lacks: (reason, body) => add(`cannot: ${reason}`, body, { lacks: reason }),
  })
  return tests
}

async function within(body: Test['body']): Promise<void> {
  let deadline: ReturnType<typeof setTimeout> | undefined
  const tooLong = new Promise<never>((_, reject) => {
    deadline = setTimeout(() => reject(new Error(`not done within ${PATIENCE_MS} ms`)), PATIENCE_MS)
  })
  await Promise.race([body(), tooLong]).finally(() => clearTimeout(deadline))
}

/** An error with its code, stack and causes, as text. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { name, message, stack = '', cause } = error
  const { code } = error as { code?: unknown }
  const head = `${name}${typeof code === 'string' ? ` ${code}` : ''}: ${message}`
  return `${head}\n${stack.replace(`${name}: ${message}`, '')}${cause === undefined ? '' : `\n  because of ${explain(cause)}`}`
}
