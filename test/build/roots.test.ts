// The list of roots, from Debian's package to what a program imports.

import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { splitDer } from '../../src/base/der.js'
import { mozillaRoots, rootsDate, rootsSha256 } from '../../src/roots.js'

const root = join(import.meta.dirname, '../..')
const script = join(root, 'tools/roots.sh')
const work = mkdtempSync(join(tmpdir(), 'libssl-wasm-roots-test-'))
afterAll(() => rmSync(work, { recursive: true }))

const deb = execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()

describe('libssl-wasm/roots', () => {
  it('holds the certificates of the package, whole, once each, dated and hashed', () => {
    const certificates = mozillaRoots.map((der) => new X509Certificate(der))
    expect(certificates.length).toBeGreaterThan(100)
    expect(new Set(certificates.map(({ fingerprint256 }) => fingerprint256)).size).toBe(certificates.length)
    expect(certificates.filter(({ ca }) => !ca)).toEqual([])
    expect(certificates.map(({ subject }) => subject)).toContain('C=US\nO=Internet Security Research Group\nCN=ISRG Root X1')
    expect(createHash('sha256').update(Buffer.concat(mozillaRoots)).digest('hex')).toBe(rootsSha256)
    expect(rootsDate).toMatch(/^20\d\d-\d\d-\d\d$/)
    expect(deb).toContain(rootsDate.replaceAll('-', ''))
  })
})

describe('tools/roots.sh', () => {
  const run = (file: string) =>
    spawnSync(script, { encoding: 'utf8', env: { ...process.env, CA_CERTIFICATES_DEB: file, XDG_CACHE_HOME: join(work, 'cache') } })

  it('takes the file that CA_CERTIFICATES_DEB names', () => {
    const { status, stdout } = run(deb)
    expect(status).toBe(0)
    expect(readFileSync(stdout.trim()).equals(readFileSync(deb))).toBe(true)
  })

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['was cut', (bytes) => bytes.subarray(0, -1)], ['is empty', () => Buffer.alloc(0)],
    ['was changed', (bytes) => Buffer.concat([bytes.subarray(0, 1000), Buffer.from([bytes[1000]! ^ 1]), bytes.subarray(1001)])],
  ])('refuses a package that %s, with one line', (what, change) => {
    const file = join(work, `${what}.deb`)
    writeFileSync(file, change(readFileSync(deb)))
    const { status, stdout, stderr } = run(file)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(/^roots\.sh: .*want SHA-256 [0-9a-f]{64}\)\n$/)
  })

  it('refuses a package that is not there', () => {
    expect(run(join(work, 'nothing.deb')).status).toBe(1)
  })
})

describe('splitDer', () => {
  const element = (length: number) => new Uint8Array([0x30, 0x82, length >> 8, length & 0xff, ...new Uint8Array(length)])
  const joined = new Uint8Array([...element(300), 0x30, 0, ...element(1000), 4, 1, 7])

  it('gives the elements, each with its header', () => {
    expect(splitDer(joined).map(({ length }) => length)).toEqual([304, 2, 1004, 3])
    expect(splitDer(new Uint8Array())).toEqual([])
  })

  it('refuses what is cut anywhere else', () => {
    const ends = new Set([0, 304, 306, 1310, 1313])
    for (let length = 0; length <= joined.length; length++) {
      if (ends.has(length)) expect(splitDer(joined.slice(0, length)).length).toBeGreaterThanOrEqual(0)
      else expect(() => splitDer(joined.slice(0, length))).toThrow(RangeError)
    }
  })

  it.each([
    [0x30, 0x80], [0x30, 0x85, 0, 0, 0, 0, 0], [0x30, 0x84, 0xff, 0xff, 0xff, 0xff], [0x30, 0xff],
  ])('refuses lengths that DER has not, or that nothing has: %j', (...bytes) => {
    expect(() => splitDer(Uint8Array.from(bytes))).toThrow(RangeError)
  })
})
