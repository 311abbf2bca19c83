// Moving OpenSSL's pin: nothing moves before the signature is good. The scripts run in a copy of what they need, where build.sh and the
// comparison only say that they were called; signatures are made by a key of the test's own, and verified by gpgv.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const repository = join(import.meta.dirname, '../..')

/** openssl-9.9.9/doc/fingerprints.txt, which names the primary key; a part of that has signed. */
const RELEASE = Buffer.from(
    'H4sIAAAAAAACA+3ROw6CQBSF4alZxd2AMAOTQe14SGViwQqMoiExQAATl+9oY2JrooX/d4pzc9vTD003TZfFKvSJjv0hOrXduRmHse3mKZxvs/qY9py1z/be'
  + 'W+s0ed2Pv7E6tUq0+oLrNO9HEfWndn7/ut6ug6zKM0l0lUtsTSGmSHNJN7aS0rlMXFEaqYyLJSmzWJYrlwcKAAAAAAAAAAAAAAAAAPA7d7/0TsAAKAAA', 'base64')
const PRIMARY_KEY = 'AFBA30FB241C1C7B7E4FD66A6CD1F1623DA2896B'
const SIGNATURE = `-----BEGIN PGP SIGNATURE-----

iHUEABYIAB0WIQTwd05qNYvsNqqtpy62re1mV6IQeQUCaVW5AAAKCRC2re1mV6IQ
efaeAP9nowHKKIIkFl4gqR47jxqJkZJtVWV2+yLSJWT6Zb6iSwD/W4gm0Ll7IuZI
AkcmfJdTbACOa7IdbXF6JnIJ7a2/Vg4=
=giMB
-----END PGP SIGNATURE-----
`
const KEYS = `-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEaVW5ABYJKwYBBAHaRw8BAQdAE5WTciGHBQ2Q5pHRDhOu7//rLKfn6Rk895Qi
QCoQ6Oq0FVJlbGVhc2Uga2V5IG9mIGEgdGVzdIiQBBMWCAA4FiEEr7ow+yQcHHt+
T9ZqbNHxYj2iiWsFAmlVuQACGwEFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQ
bNHxYj2iiWstNgD/aIqfDilQe2c6EX+9nLQmLNlbuCAcU8MF/uX/OxZj/uMA/1ec
J0Pc+4DwNshBfmW5JiTczVGum4MVlnfurYzLqKMEuDMEaVW5ABYJKwYBBAHaRw8B
AQdAg0O1MPIpzT/HRGr4if2zCcq3YSbdL7EmVsxV9NVv9MCI7wQYFggAIBYhBK+6
MPskHBx7fk/WamzR8WI9oolrBQJpVbkAAhsCAIEJEGzR8WI9oolrdiAEGRYIAB0W
IQTwd05qNYvsNqqtpy62re1mV6IQeQUCaVW5AAAKCRC2re1mV6IQeYpzAQCFd04C
N3opnEdq7ZI2+cFc3qe2co+7gdUDcxdp2wlbBgEAlNFfcqSknlo2BlDDDnprl3rv
QmAL4Ad+xhpZR1lvnwHzawEAsOOVxvok+qdRzOytR339Yabgqw/eY74uf1PeEhKL
mzwBAP2OUd3ujRwgRhVWe8wxWUz99OYPxICXbZjeM1uTfSAF
=Nxva
-----END PGP PUBLIC KEY BLOCK-----
`

describe('./build.sh update-openssl', () => {
  let work: string
  let copy: string
  const path = (...parts: readonly string[]) => join(work, ...parts)

  /** An executable of the copy, or in front of the others. */
  function program(file: string, body: string): void {
    writeFileSync(path(file), `#!/bin/bash\n${body}\n`, { mode: 0o755 })
  }

  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), 'libssl-wasm-update-'))
    copy = path('copy')
    for (const part of ['openssl-src', 'tools/sh-common.sh', 'versions.env']) {
      cpSync(join(repository, part), join(copy, part), { recursive: true })
    }
    for (const folder of ['bin', 'given', 'copy/dist', 'copy/lib', 'copy/node_modules/.bin']) mkdirSync(path(folder), { recursive: true })
    writeFileSync(path('copy/package.json'), '{}')
    pin({ OPENSSL_VERSION: '9.9.8', OPENSSL_SHA256: '0'.repeat(64), OPENSSL_SIGNING_KEY: PRIMARY_KEY })
    program('copy/build.sh', 'echo "build.sh $*" >> called')
    program('copy/node_modules/.bin/tsx', 'echo "tsx $*" >> called')
    for (const name of ['curl', 'apt-get']) program(`bin/${name}`, 'exit 22') // no network
    writeFileSync(path('given/openssl-9.9.9.tar.gz'), RELEASE)
    writeFileSync(path('given/openssl-9.9.9.tar.gz.asc'), SIGNATURE)
    writeFileSync(path('given/keys.asc'), KEYS)
  })
  afterEach(() => rmSync(work, { recursive: true }))

  function pin(values: Readonly<Record<string, string>>): void {
    let text = pins()
    for (const [name, value] of Object.entries(values)) text = text.replace(new RegExp(`^${name}=.*`, 'm'), `${name}=${value}`)
    writeFileSync(join(copy, 'versions.env'), text)
  }

  const pins = () => readFileSync(join(copy, 'versions.env'), 'utf8')
  const called = () => (existsSync(join(copy, 'called')) ? readFileSync(join(copy, 'called'), 'utf8').trim().split('\n') : [])
  const given = () => ({ OPENSSL_TARBALL: path('given/openssl-9.9.9.tar.gz'), OPENSSL_KEYS: path('given/keys.asc') })

  function update(args: readonly string[], env: Readonly<Record<string, string>> = given()) {
    return spawnSync(join(copy, 'openssl-src/update.sh'), args, {
      encoding: 'utf8',
      env: { PATH: `${path('bin')}${delimiter}${process.env['PATH']}`, HOME: work, XDG_CACHE_HOME: path('cache'), ...env },
    })
  }

  /** Refused: nothing has been changed, built or left behind. */
  function refuses(args: readonly string[], words: RegExp, env = given() as Readonly<Record<string, string>>): void {
    const before = pins()
    const { status, stderr } = update(args, env)
    expect(stderr).toMatch(words)
    expect([status, pins(), called()]).toEqual([1, before, []])
    const cache = path('cache/libssl-wasm')
    expect(existsSync(cache) ? readdirSync(cache).filter((name) => name !== 'log') : []).toEqual([])
  }

  it('moves the pin, builds, compares and tests', () => {
    const { status, stderr } = update(['9.9.9', 'test/core'])
    expect(stderr).toMatch(/the signature is good[^]*versions\.env: OpenSSL 9\.9\.8 -> 9\.9\.9[^]*is pinned, built and tested/)
    expect(status).toBe(0)
    expect(called()).toEqual(['build.sh ', 'build.sh ', 'tsx bench/builds.ts build/before .', 'build.sh test test/core'])
    expect(pins()).toMatch(/^OPENSSL_VERSION=9\.9\.9\nOPENSSL_SHA256=(?!0)[0-9a-f]{64}$/m)
    expect(readFileSync(path('cache/libssl-wasm/openssl-9.9.9.tar.gz')).equals(RELEASE)).toBe(true)
    expect(readdirSync(join(copy, 'build/before')).sort()).toEqual(['dist', 'lib', 'package.json'])
  })

  it('takes tarball, signature and key from upstream', () => {
    program('bin/curl', `while [ $# -gt 0 ]; do [ "$1" = --output ] && out=$2; url=$1; shift; done
case $url in
  https://github.com/openssl/openssl/releases/download/openssl-9.9.9/openssl-9.9.9.tar.gz*) cp "${path('given')}/\${url##*/}" "$out" ;;
  https://keys.openpgp.org/*/${PRIMARY_KEY}) cp "${path('given/keys.asc')}" "$out" ;;
  *) exit 22 ;;
esac`)
    expect(update(['9.9.9'], {})).toMatchObject({ status: 0 })
    expect(pins()).toMatch(/^OPENSSL_VERSION=9\.9\.9$/m)
  })

  it('of the version that is pinned says whether all is as it was', () => {
    update(['9.9.9'])
    writeFileSync(join(copy, 'called'), '')
    const again = update(['9.9.9'])
    expect(again.stderr).toMatch(/versions\.env pins this release, and this file/)
    expect([again.status, called()]).toEqual([0, ['']])
    pin({ OPENSSL_SHA256: '0'.repeat(64) })
    expect(update(['9.9.9'])).toMatchObject({ status: 1, stderr: expect.stringMatching(/pins another file as OpenSSL 9\.9\.9/) as string })
    expect(called()).toEqual([''])
  })

  it('says that tests fail, and how to go back', () => {
    program('copy/build.sh', 'echo "build.sh $*" >> called; [ "${1:-}" != test ]')
    const { status, stderr } = update(['9.9.9'])
    expect(stderr).toMatch(/back again: git checkout versions\.env[^]*is pinned now, but tests fail/)
    expect(status).toBe(1)
  })

  it('refuses a tarball that was changed', () => {
    writeFileSync(path('given/openssl-9.9.9.tar.gz'), Buffer.concat([RELEASE, Buffer.of(0)]))
    refuses(['9.9.9'], /the signature of openssl-9\.9\.9\.tar\.gz is not good; nothing was changed[^]*BAD signature/)
  })

  it('refuses what another key has signed', () => {
    pin({ OPENSSL_SIGNING_KEY: '0'.repeat(40) })
    refuses(['9.9.9'], /is signed, but not by the key that versions\.env pins \(0{40}\); nothing was changed/)
  })

  it('refuses a file that is no key, and one that is missing', () => {
    refuses(['9.9.9'], /OPENSSL_KEYS must name a file/, { OPENSSL_TARBALL: given().OPENSSL_TARBALL })
    writeFileSync(path('given/keys.asc'), 'no key')
    refuses(['9.9.9'], /signature .* is not good; nothing was changed/)
    rmSync(path('given/openssl-9.9.9.tar.gz.asc'))
    refuses(['9.9.9'], /needs the signature beside it, as openssl-9\.9\.9\.tar\.gz\.asc/)
  })

  it('says that no source has a release, and which version it wants', () => {
    refuses(['9.9.9'], /no source has OpenSSL 9\.9\.9 with its signature; nothing was changed/, {})
    for (const version of ['', 'latest', '4.1', '4.0.3-1']) refuses([version], /say which release, for example 9\.9\.8/)
  })
})
