// The package's types as a consumer's compiler sees them: the oldest TypeScript that works, and the newest; with and without DOM.

import { readdirSync, readFileSync, symlinkSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { installed, runNode } from '../helpers/installed.js'
import { project } from '../helpers/project.js'
import * as library from '../../src/index.js'

vi.setConfig({ testTimeout: 180_000 })

const repository = fileURLToPath(new URL('../../', import.meta.url))
const compilers = {
  'the oldest TypeScript (5.7)': () => installed('typescript-oldest/bin/tsc'),
  'the newest TypeScript': () => join(repository, 'node_modules/typescript/bin/tsc'),
}
const BROWSER = ['ES2023', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable']

/** What the compiler says of a project of these files that has the types named, from `modules`, and nothing else. */
async function check(
  compiler: string, files: Readonly<Record<string, string>>,
  { lib = BROWSER, types = [], ...options }: Readonly<Record<string, unknown>> & {
    readonly lib?: readonly string[]
    readonly types?: readonly string[]
  }, modules = join(repository, 'node_modules'),
): Promise<string> {
  const module = options['moduleResolution'] === 'bundler' ? 'ESNext' : options['moduleResolution'] ?? 'nodenext'
  const compilerOptions = {
    strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, target: 'ES2022', types, allowJs: true,
    checkJs: true, module, lib, ...options,
  }
  const directory = await project({ ...files, 'tsconfig.json': JSON.stringify({ compilerOptions, files: Object.keys(files) }) })
  mkdirSync(join(directory, 'node_modules/@types'))
  if (types.includes('node')) {
    for (const name of ['@types/node', 'undici-types']) symlinkSync(join(modules, name), join(directory, 'node_modules', name))
  }
  return runNode(process.execPath, [compiler, '-p', directory], directory)
    .catch((error: Error) => error.message.replace(/^Command failed.*\n/, ''))
}

const programs = {
  main: `
    import { CertificateError,
      connect, load, memoryTransportPair, type ConnectionInfo, type ConnectOptions, type TlsConnection } from 'libssl-wasm'
    const options: ConnectOptions = { servername: 'localhost', ca: 'PEM', minVersion: 'TLSv1.3', libssl: await load() }
    const connection: TlsConnection = connect(memoryTransportPair()[0], options)
    const info: ConnectionInfo = await connection.opened.catch((error: unknown) => {
      if (error instanceof CertificateError) console.log(error.code.length, error.depth.toFixed())
      throw error
    })
    export const chunks: ReadableStream<Uint8Array> = connection.readable
    export const names: readonly (string | undefined)[] = [info.protocol, info.peerCertificate?.subject]
    export const known: 'TLSv1.2' | 'TLSv1.3' = info.protocol
    export const good: boolean = info.verifyResult === 'X509_V_OK' || info.verifyResult === 'X509_V_ERR_CERT_HAS_EXPIRED'
    // @ts-expect-error: there is no such result
    export const odd: boolean = info.verifyResult === 'X509_V_FINE'
    // A chunk is bytes, not any: below TypeScript 5.7 it would be.
    for await (const chunk of connection.readable) {
      // @ts-expect-error
      chunk.toUpperCase()
    }
    const maybe = <T>(value: T): T | undefined => value
    connect(memoryTransportPair()[0], { servername: maybe('localhost'), ca: maybe('PEM'), signal: maybe(new AbortController().signal),
      verify: maybe(() => true) })
    // @ts-expect-error: there is no such version
    connect(memoryTransportPair()[0], { servername: 'localhost', minVersion: 'TLSv1.1' })
  `,
  browser: `
    import { connect } from 'libssl-wasm'
    import { mozillaRoots } from 'libssl-wasm/roots'
    export const connection = connect(new WebSocket('wss://localhost/'), { servername: 'localhost', ca: mozillaRoots })
  `,
  inline: `
    import { connect, load, type TlsConnection } from 'libssl-wasm/inline'
    export const connection: TlsConnection =
      connect(new WebSocket('wss://localhost/'), { servername: 'localhost', ca: 'PEM', libssl: await load() })
  `,
  core: `
    import { BioPair, load, Ssl, SslCtx, SSL_ERROR_WANT_READ, type IoResult } from 'libssl-wasm/core'
    const lib = await load()
    const ssl = new Ssl(new SslCtx(lib, 'TLS_client_method'))
    ssl.setBio(new BioPair(lib).internal)
    const result: IoResult = ssl.connect()
    export const waits: boolean = result.error === SSL_ERROR_WANT_READ
  `,
  node: `
    import { createServer, connect as connectTcp } from 'node:net'
    import { accept, connect } from 'libssl-wasm'
    import { startRelay } from 'libssl-wasm/relay'
    export const client = connect(connectTcp(443, 'localhost'), { servername: 'localhost' })
    export const server = createServer((socket) => void accept(socket, { cert: 'PEM', key: new Uint8Array() }))
    export const relay = startRelay({})
  `,
  faces: `
    import tls, { ready } from 'libssl-wasm/node/tls'
    import { setDialer, Socket, tunnelDialer } from 'libssl-wasm/node/net'
    import 'libssl-wasm/node/register'
    setDialer(tunnelDialer('wss://relay.example'))
    await ready()
    export const socket = tls.connect({ socket: new Socket(), host: 'localhost', ca: 'PEM' }, () => socket.end(socket.getProtocol() ?? ''))
  `,
  all: `
    import * as main from 'libssl-wasm'
    import * as core from 'libssl-wasm/core'
    import * as inline from 'libssl-wasm/inline'
    import * as relay from 'libssl-wasm/relay'
    import * as relayWorker from 'libssl-wasm/relay/worker'
    import * as roots from 'libssl-wasm/roots'
    import * as wisp from 'libssl-wasm/wisp'
    import * as worker from 'libssl-wasm/worker'
    export { core, inline, main, relay, relayWorker, roots, wisp, worker }
  `,
  javascript: `
    // @ts-check
    import { connect, PeerError } from 'libssl-wasm'
    import { SslCtx, load } from 'libssl-wasm/core'
    import { load as loadInline } from 'libssl-wasm/inline'
    const tls = connect(new WebSocket('wss://localhost/'), { servername: 'localhost', ca: 'PEM' })
    tls.opened.catch((error) => { if (error instanceof PeerError) error.code.toLowerCase() })
    export const { protocol } = await tls.opened
    export const options = new SslCtx(await load(), 'TLS_client_method').getOptions() + 1n
    export const versions = [(await loadInline()).version.length]
    // @ts-expect-error: checked, though it be JavaScript
    connect(42, {})
  `,
} as const

const filesOf = (...names: readonly (keyof typeof programs)[]) =>
  Object.fromEntries(names.map((name) => [`${name}.${name === 'javascript' ? 'js' : 'ts'}`, programs[name]]))

describe.each(Object.entries(compilers))("the package's types, checked without skipLibCheck by %s,", (_, compiler) => {
  it.each([
    'node16', 'nodenext', 'bundler',
  ])('suit programs for browsers, in TypeScript and in plain JavaScript, without @types packages under %s', async (moduleResolution) => {
    expect(await check(compiler(), filesOf('main', 'browser', 'inline', 'core', 'javascript'), { moduleResolution })).toBe('')
  })

  it.each(['node16', 'nodenext', 'bundler'])('suit a program for Node with @types/node alone under %s', async (moduleResolution) => {
    expect(await check(compiler(), filesOf('node', 'faces'), { moduleResolution, types: ['node'] })).toBe('')
  })

  const ofNode = { "the root's @types/node": join(repository, 'node_modules'), 'those of a newer Node': installed('.') }
  it.each(Object.entries(ofNode))('let libssl-wasm/node/tls stand for node:tls without a cast, by %s', async (_, modules) => {
    const program = `
      import tls from 'libssl-wasm/node/tls'
      export const asNode: typeof import('node:tls') = tls
      // @ts-expect-error: it is not \`any\`
      export const notAny: number = tls
    `
    expect(await check(compiler(), { 'stands-for.ts': program }, { moduleResolution: 'nodenext', types: ['node'] }, modules)).toBe('')
  })

  it('suit a program for Node without DOM, whichever of the entries it imports', async () => {
    expect(await check(compiler(), filesOf('node', 'all'), { lib: ['ES2023'], types: ['node'] })).toBe('')
  })

  it('suit the examples of the documentation', async () => {
    expect(await checkExamples(compiler())).toEqual([])
  })
})

/**
 * What a compiler says of the JavaScript of examples that says nothing of our types: they are short, and check little. And
 * `Duplex.fromWeb()` takes no streams of the DOM's types, whose `read(view)` knows no `min`; Node's alone it takes. Bundlers and their
 * plugins, whose configurations are among the examples, are not here.
 */
const LAX =
  new RegExp(["TS2531|FileList \\| null|Cannot assign to 'constants'|TS18046|TS18048|"
    + "'port' does not exist on type 'string \\| AddressInfo'|'cloudflare:sockets'",
  "Cannot find module '(?:@rollup/|(?:esbuild|node-stdlib-browser|pg|rollup|vite|vite-plugin-node-polyfills|webpack)\\b)",
  "'TlsServerConnection' is not assignable to parameter of type "
    + "'\\{ readable: ReadableStream<any>; writable: WritableStream<any>; \\}'"].join('|'))

async function checkExamples(compiler: string): Promise<readonly string[]> {
  const documents = [
    ...readdirSync(join(repository, 'docs')).filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`), 'README.md',
  ]
  const examples = Object.fromEntries(documents.flatMap((document) => {
    const fences = readFileSync(join(repository, document), 'utf8').matchAll(/^```(?:js|ts)\n(.*?)^```/gms)
    return [...fences].map(([, code], index) => [`${document.replace(/\W/g, '-')}-${index}.ts`, code!] as const)
  }))
  expect(Object.keys(examples).length).toBeGreaterThan(25)
  const options = { types: ['node'], noImplicitAny: false }
  // Many are parts of a program: what they leave out is imported from the package, or is something.
  const missing = [
    ...(await check(compiler, complete(examples, []), options))
    .matchAll(/^([\w-]+\.ts).*(?:Cannot find name|shorthand property) '(\w+)'/gm),
  ]
  const output = await check(compiler, complete(examples, missing.map(([, file, name]) => `${file} ${name}`)), options)
  return output.split('\n').filter((line) => /error TS/.test(line) && !LAX.test(line))
}

/** `missing`: file and name. */
function complete(examples: Readonly<Record<string, string>>, missing: readonly string[]): Record<string, string> {
  const names = (file: string) => [...new Set(missing)].filter((one) => one.startsWith(`${file} `)).map((one) => one.split(' ')[1]!)
  const declare = (name: string) => (name in library ? `import { ${name} } from 'libssl-wasm'` : `declare const ${name}: any`)
  return Object.fromEntries(
    Object.entries(examples).map(([file, code]) => [file, [code, 'export {}', ...names(file).map(declare)].join('\n')]),
  )
}

describe('the declarations', () => {
  const declarations = (folder: string) => readdirSync(join(repository, 'dist', folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.d.ts')).map((file) => [file, readFileSync(join(repository, 'dist', folder, file), 'utf8')] as const)

  const folders = ['base', 'core', 'frontends', 'transports', 'apps/relay']
  const entries = [
    'index', 'core', 'wisp', 'worker', 'apps/relay/relay',
  ].map((entry) => readFileSync(join(repository, `dist/${entry}.d.ts`), 'utf8')).join()
  const exported = (name: string) => new RegExp(`\\b${name}\\b`).test(entries)

  it('take undefined for every optional property of a public type', () => {
    const narrow = folders.flatMap(declarations).flatMap(([file, text]) => [...text.matchAll(/^export interface (\w+)[^{]*\{\n(.*?)^\}/gms)]
      .filter(([, name]) => exported(name!))
      .flatMap(([, name, body]) => [...body!.matchAll(/^ +(?:readonly )?\w+\?: (.*)$/gm)]
        .filter(([, type]) => !/\| undefined;$|^unknown;$|\{$/.test(type!)).map(([line]) => `${file}: ${name}: ${line.trim()}`)))
    expect(narrow).toEqual([])
  })

  it('export every group of options', () => {
    const groups = declarations('frontends')
      .flatMap(([, text]) => [...text.matchAll(/^export (?:interface|type) (\w+(?:Options?|Rules))\b/gm)].map(([, name]) => name!))
    expect(groups.length).toBeGreaterThan(30)
    expect(groups.filter((name) => !exported(name))).toEqual([])
  })
})
