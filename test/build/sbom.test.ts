// lib/sbom.cdx.json, as ./build.sh has written it.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import { describe, expect, it } from 'vitest'
import type { Sbom } from '../../tools/sbom.js'

const root = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const text = read('lib/sbom.cdx.json')
const sbom = JSON.parse(text) as Sbom
const versions = execFileSync(join(root, 'wasm/toolchain.sh'), ['versions'], { encoding: 'utf8' }).trim().split(' ') as [string, string]

describe('the list of parts', () => {
  const validate = (text: string) => new Validation.JsonStrictValidator(sbom.specVersion as Spec.Version).validate(text)

  it('is CycloneDX', async () => {
    expect(await validate(text)).toBeNull()
    expect(await validate(text.replace('"SHA-256"', '"SHA-257"'))).not.toBeNull()
  })

  it('names OpenSSL, Emscripten, musl and the roots, by versions.env and by the toolchain', () => {
    const pins = parseEnv(read('versions.env'))
    const [emscripten, musl] = versions
    expect(parts(({ purl }) => !purl.startsWith('pkg:npm/'))).toEqual({
      openssl: [pins['OPENSSL_VERSION'], pins['OPENSSL_SHA256']],
      emscripten: [emscripten, undefined],
      musl: [musl, undefined],
      'ca-certificates': [pins['CA_CERTIFICATES_VERSION'], pins['CA_CERTIFICATES_SHA256']],
    })
  })

  it('names what npm installs with the package, by package-lock.json, and no more', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { version: string; integrity: string; dev?: boolean }>
    }
    const installed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev).map(([path, { version, integrity }]) =>
      [path.replace(/^.*node_modules\//, ''), [version, Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex')]] as const)
    expect(installed.length).toBeGreaterThan(4)
    expect(parts(({ purl }) => purl.startsWith('pkg:npm/'))).toEqual(Object.fromEntries(installed))
  })

  it('is of this package, which depends on all of them', () => {
    const { name, version } = JSON.parse(read('package.json')) as { name: string; version: string }
    const { component } = sbom.metadata
    expect(component).toMatchObject({ name, version, purl: `pkg:npm/${name}@${version}` })
    const reached = new Set([component['bom-ref']])
    for (const ref of reached) for (const next of sbom.dependencies.find((one) => one.ref === ref)!.dependsOn) reached.add(next)
    expect([...reached].sort()).toEqual([component, ...sbom.components].map((one) => one['bom-ref']).sort())
  })

  it('is made again with the same bytes: no time, no random number, no folder', () => {
    const again = execFileSync(
      join(root, 'node_modules/.bin/tsx'), ['tools/sbom.ts', ...versions, 'roots'], { cwd: root, encoding: 'utf8' },
    )
    expect(again).toBe(text)
    expect(sbom).not.toHaveProperty('serialNumber')
    expect(sbom).not.toHaveProperty('metadata.timestamp')
  })
})

/** Version and hash of components, by name. */
function parts(which: (component: Sbom['components'][number]) => boolean): Record<string, readonly [
  version: string, hash: string | undefined,
]> {
  return Object.fromEntries(sbom.components.filter(which).map(({ name, version, hashes }) => [name, [version, hashes?.[0]!.content]]))
}
