import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const script = join(import.meta.dirname, '../../wasm/toolchain.sh')

describe('wasm/toolchain.sh', () => {
  let dir: string

  beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'libssl-wasm-toolchain-')) })
  afterEach(() => rmSync(dir, { recursive: true }))

  /** Runs the script with an `emcc` of that version first on PATH, and no other toolchain. */
  function toolchain(version: string, ...args: string[]) {
    writeFileSync(
      join(dir, 'emcc'), `#!/bin/sh\necho "emcc (Emscripten gcc/clang-like replacement + linker emulating GNU ld) ${version} (0123abc)"\n`,
    )
    chmodSync(join(dir, 'emcc'), 0o755)
    return spawnSync('bash', [script, ...args], {
      encoding: 'utf8',
      env: { PATH: `${dir}:${process.env['PATH']}`, HOME: dir, XDG_CACHE_HOME: join(dir, 'cache'), LSW_TOOLCHAIN: 'path' },
    })
  }

  it('takes an emcc on PATH of a version we support', () => {
    expect(toolchain('6.0.7', 'id').stdout).toBe('emcc 6.0.7\n')
  })

  it('runs a command with it', () => {
    expect(toolchain('6.0.7', 'run', 'emcc', '--version').stdout).toMatch(/6\.0\.7/)
  })

  it.each(['3.1.6', '5.9.9', '7.0.0', 'nonsense'])('refuses version %s and says what to install', (version) => {
    const result = toolchain(version, 'id')
    expect(result.status).toBe(1)
    expect(result.stderr).toMatch(/supported are 6/)
    expect(result.stderr.trimEnd().split('\n').at(-1)).toMatch(/no Emscripten\. Install version .* EMSDK/)
  })

  it('leaves nothing mounted', () => {
    expect(spawnSync('cat', ['/proc/mounts'], { encoding: 'utf8' }).stdout).not.toMatch(/libssl-wasm/)
  })
})
