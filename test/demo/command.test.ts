import { connect } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startDemo } from './demo.js'

vi.setConfig({ testTimeout: 180_000 }) // PostgreSQL starts, too, on a machine that may be busy

function start(...args: readonly string[]) {
  const demo = startDemo(args)
  onTestFinished(async () => { await demo.stop() })
  return demo
}

describe('./build.sh demo', () => {
  it.each([
    [['--browser', 'no-port'], /demo failed: .*'no-port' is not HOST:PORT/],
    [['--browser', 'host:70000'], /demo failed: .*'host:70000' is not HOST:PORT/],
    [['--brwser'], /demo failed: .*no option --brwser/],
    [['a:1', 'b:2'], /demo failed: .*one HOST:PORT/],
  ])('refuses %j', async (args, complaint) => {
    const demo = start(...args)
    expect(await demo.exited).toBe(1)
    expect(demo.log).toMatch(complaint)
  })

  it('--browser ends with Ctrl-C, and ends what it has started', async () => {
    const demo = start('--browser')
    const { port } = new URL(await demo.url)
    const ports = [port, ...[...demo.log.matchAll(/127\.0\.0\.1:(\d+)/g)].map((found) => found[1]!)]
    expect(ports.length).toBeGreaterThanOrEqual(7) // the page twice, the relay, and five of openssl's servers
    expect(await demo.stop()).toBe(0)
    for (const each of ports) {
      const [error] = await once(connect(Number(each), '127.0.0.1'), 'error') as [NodeJS.ErrnoException]
      expect(error.code).toBe('ECONNREFUSED')
    }
  })
})
