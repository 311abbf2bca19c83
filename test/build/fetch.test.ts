import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const script = join(import.meta.dirname, '../../openssl-src/fetch.sh')
// Obtained as the build does: from the cache, if it is there.
const tarball = execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
const name = basename(tarball, '.tar.gz')

describe('openssl-src/fetch.sh', () => {
  let dir: string
  let cache: string
  let tools: string

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'libssl-wasm-fetch-'))
    cache = join(dir, 'cache')
    tools = join(dir, 'bin')
    mkdirSync(tools)
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  /** Runs the script with a cache of its own, and with only those downloaders that `tools` holds. */
  function fetch(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    for (const command of [
      'bash', 'dirname', 'basename', 'sha256sum', 'cut', 'mkdir', 'mv', 'cp', 'rm', 'mktemp', 'flock', 'tar', 'gzip', 'cat', 'tail', 'tr',
      'sed', 'awk', 'grep', 'head', 'id', 'ls', 'touch',
    ]) {
      const found = process.env['PATH']!.split(delimiter).map((path) => join(path, command)).find((path) => existsSync(path))
      if (!existsSync(join(tools, command))) symlinkSync(found!, join(tools, command))
    }
    return spawnSync(
      join(tools, 'bash'), [script, ...args], { encoding: 'utf8', env: { PATH: tools, HOME: dir, XDG_CACHE_HOME: cache, ...env } },
    )
  }

  /** A downloader that the network, or somebody on it, made misbehave. */
  function downloader(body: string): void {
    writeFileSync(join(tools, 'curl'), `#!/bin/bash\nwhile [ $# -gt 0 ]; do [ "$1" = --output ] && out=$2; shift; done\n${body}\n`)
    chmodSync(join(tools, 'curl'), 0o755)
  }

  const left = () => readdirSync(join(cache, 'libssl-wasm')).filter((entry) => !['log', 'fetch.lock'].includes(entry))
  const lastLine = (text: string) => text.trimEnd().split('\n').at(-1)!

  it('takes the tarball that OPENSSL_TARBALL names, and unpacks it', () => {
    const result = fetch(['unpack', join(dir, 'src')], { OPENSSL_TARBALL: tarball })
    expect(result.stderr).toBe('')
    expect(result.status).toBe(0)
    expect(existsSync(join(dir, 'src/ssl/ssl_lib.c'))).toBe(true)
    expect(readdirSync(dir).sort()).toEqual(['bin', 'cache', 'src'])
  })

  it('refuses a tarball that was cut, with one line, and leaves nothing', () => {
    const cut = join(dir, 'cut.tar.gz')
    writeFileSync(cut, readFileSync(tarball).subarray(0, 1_000_000))
    const result = fetch(['unpack', join(dir, 'src')], { OPENSSL_TARBALL: cut })
    expect(result.status).toBe(1)
    expect(result.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(result.stderr).toMatch(/SHA-256/)
    expect(existsSync(join(dir, 'src'))).toBe(false)
    expect(left()).toEqual([])
  })

  it('refuses an OPENSSL_TARBALL that does not exist, and asks no other source', () => {
    downloader(`cp ${tarball} "$out"`)
    const result = fetch([], { OPENSSL_TARBALL: join(dir, 'nothing') })
    expect(result.status).toBe(1)
    expect(left()).toEqual([])
  })

  it('takes the upstream release when its hash is right', () => {
    downloader(`cp ${tarball} "$out"`)
    const result = fetch([])
    expect(result.status).toBe(0)
    expect(left()).toEqual([`${name}.tar.gz`])
    expect(result.stdout.trim()).toBe(join(cache, 'libssl-wasm', `${name}.tar.gz`))
  })

  it('throws away a download with the wrong hash', () => {
    downloader(`echo 'evil' > "$out"`)
    const result = fetch(['unpack', join(dir, 'src')])
    expect(result.status).toBe(1)
    expect(result.stderr).toMatch(/wrong SHA-256, thrown away/)
    expect(lastLine(result.stderr)).toMatch(/^fetch\.sh: no source has openssl-4.* set OPENSSL_TARBALL/)
    expect(left()).toEqual([])
    expect(existsSync(join(dir, 'src'))).toBe(false)
  })

  it('throws away a download that was cut', () => {
    downloader(`head -c 1000000 ${tarball} > "$out"; exit 18`)
    const result = fetch([])
    expect(result.status).toBe(1)
    expect(left()).toEqual([])
  })

  it('ends with one clear line when there is no source at all', () => {
    const result = fetch([])
    expect(result.status).toBe(1)
    expect(lastLine(result.stderr)).toMatch(/^fetch\.sh: no source has openssl-4.* set OPENSSL_TARBALL/)
    expect(left()).toEqual([])
  })

  it('fetches again when what lies in the cache was damaged', () => {
    mkdirSync(join(cache, 'libssl-wasm'), { recursive: true })
    writeFileSync(join(cache, 'libssl-wasm', `${name}.tar.gz`), 'damaged')
    downloader(`cp ${tarball} "$out"`)
    expect(fetch([]).status).toBe(0)
    expect(readFileSync(join(cache, 'libssl-wasm', `${name}.tar.gz`)).length).toBeGreaterThan(1_000_000)
  })

  it('does not unpack over what is there', () => {
    mkdirSync(join(dir, 'src'))
    const result = fetch(['unpack', join(dir, 'src')], { OPENSSL_TARBALL: tarball })
    expect(result.status).toBe(1)
    expect(lastLine(result.stderr)).toMatch(/exists already/)
  })
})
