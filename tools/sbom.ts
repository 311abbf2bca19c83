// Prints a list of all parts of the package (SBOM), in CycloneDX's JSON: `tsx tools/sbom.ts EMSCRIPTEN MUSL [ROOTS]`. The build puts it
// into lib/sbom.cdx.json.
//
// `npm sbom` lists what npm installs with the package, by package-lock.json. Added is what is linked or copied into lib/ and dist/, by
// versions.env, and by the arguments: the versions of the Emscripten that has built and of its musl, and whether there is a list of
// roots. Nothing in it tells when or where it was made: two builds give the same bytes.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'

/** A part of the package, as far as we say something of it. */
export interface Component {
  readonly 'bom-ref': string
  readonly type: 'library' | 'data'
  readonly name: string
  readonly version: string
  readonly purl: string
  readonly cpe?: string
  readonly description?: string
  readonly hashes?: readonly { readonly alg: 'SHA-256' | 'SHA-512'; readonly content: string }[]
  readonly licenses: readonly ({ readonly license: { readonly id: string } } | { readonly expression: string })[]
}

/** The parts of CycloneDX that are read here or in the tests. */
export interface Sbom {
  readonly specVersion: string
  readonly metadata: { readonly component: Component }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

const root = new URL('../', import.meta.url)

const [emscripten, musl, roots] = process.argv.slice(2)
if (emscripten === undefined || musl === undefined) throw new Error('usage: sbom.ts EMSCRIPTEN MUSL [ROOTS]')
const pins = parseEnv(readFileSync(new URL('versions.env', root), 'utf8')) as { readonly [name: string]: string }
const fromNpm = npmSbom()
const ours = [...linked(), ...(roots ? [listOfRoots()] : [])]
const refs = ours.map((part) => part['bom-ref'])
const self = fromNpm.metadata.component['bom-ref']
const sbom = {
  ...fromNpm,
  components: [...ours, ...fromNpm.components],
  dependencies: [
    ...fromNpm.dependencies.map((one) => (one.ref === self ? { ...one, dependsOn: [...refs, ...one.dependsOn] } : one)),
    ...refs.map((ref) => ({ ref, dependsOn: [] })),
  ],
}
console.log(JSON.stringify(sbom, undefined, 2))

/** What npm says, less the time, the random serial number, npm's own version, and the folder's name in the place of the package's. */
function npmSbom(): Sbom {
  const args = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=library', '--package-lock-only', '--omit=dev']
  const { serialNumber, metadata: { timestamp, tools, ...metadata }, ...sbom } =
    JSON.parse(execFileSync('npm', args, { cwd: fileURLToPath(root), encoding: 'utf8' }))
  const { name } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
  return { ...sbom, metadata: { ...metadata, component: { ...metadata.component, name } } }
}

/** What libssl.wasm is linked from. */
function linked(): Component[] {
  const { OPENSSL_VERSION: openssl, OPENSSL_SHA256: sha256 } = pins
  return [
    {
      ...part('library', 'openssl', openssl!, `pkg:github/openssl/openssl@openssl-${openssl}`, [{ license: { id: 'Apache-2.0' } }]),
      cpe: `cpe:2.3:a:openssl:openssl:${openssl}:*:*:*:*:*:*:*`,
      description: 'libssl and libcrypto; the hash is that of the release tarball',
      hashes: [{ alg: 'SHA-256', content: sha256! }],
    },
    {
      ...part('library', 'emscripten', emscripten!, `pkg:github/emscripten-core/emscripten@${emscripten}`, [{ expression: 'MIT OR NCSA' }]),
      description: 'the compiler, of which system libraries and run-time are linked in',
    },
    {
      ...part('library', 'musl', musl!, `pkg:generic/musl@${musl}`, [{ license: { id: 'MIT' } }]),
      cpe: `cpe:2.3:a:musl-libc:musl:${musl}:*:*:*:*:*:*:*`,
      description: 'the C library, as Emscripten has it',
    },
  ]
}

function listOfRoots(): Component {
  const { CA_CERTIFICATES_VERSION: version, CA_CERTIFICATES_SHA256: sha256 } = pins
  return {
    ...part(
      'data', 'ca-certificates', version!, `pkg:deb/debian/ca-certificates@${encodeURIComponent(version!)}?arch=all`,
      [{ license: { id: 'MPL-2.0' } }],
    ),
    description: "Mozilla's list of roots (libssl-wasm/roots); the hash is that of Debian's package",
    hashes: [{ alg: 'SHA-256', content: sha256! }],
  }
}

function part(type: Component['type'], name: string, version: string, purl: string, licenses: Component['licenses']): Component {
  return { 'bom-ref': `${name}@${version}`, type, name, version, purl, licenses }
}
