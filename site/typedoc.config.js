// The reference: every export of every entry of package.json, from the types that the package has (dist/). What has no text, and a link
// that leads nowhere, is an error.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Comment, Converter } from 'typedoc'

const repository = fileURLToPath(new URL('../', import.meta.url))
const { exports } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))

/** By the file of its types: the name by which an entry is imported. */
const entries = new Map(Object.entries(exports).flatMap(([name, target]) => {
  const types = typesOf(target)
  return types === undefined ? [] : [[join(repository, types), `libssl-wasm${name.slice(1)}`]]
}))

/** The types that most see, where conditions have some of their own. */
function typesOf(target) {
  return target.types ?? (typeof target === 'object' ? typesOf(target.default) : undefined)
}

/** What an entry is, in the words with which its source begins. */
function words(types) {
  const source = readFileSync(types.replace('/dist/', '/src/').replace(/\.d\.ts$/, '.ts'), 'utf8').replace(/^#!.*\n/, '')
  const [comment] = /^(?:\/\/.*\n)+/.exec(source)
  return comment.replace(/^\/\/ ?/gm, '').trim()
}

/** Gives modules the names of their entries, and a text. */
function nameEntries(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) {
      const file = module.sources?.[0]?.fullFileName ?? project.getReflectionFromSymbol?.(module)?.fileName
      if (!entries.has(file)) throw new Error(`${file} is no entry of package.json`)
      module.name = entries.get(file)
      module.comment = new Comment([{ kind: 'text', text: words(file) }])
    }
  })
}

/** The members of a type that is written where it is used need no text of their own: what has the type tells of them. */
function excuseMembersInPlace({ logger }) {
  const warn = logger.validationWarning.bind(logger)
  logger.validationWarning = (message, ...more) => {
    if (!/\.__type\b.* does not have any documentation$/.test(message)) warn(message, ...more)
  }
}

/** @type {import('typedoc').TypeDocOptions & import('typedoc-plugin-markdown').PluginOptions} */
export default {
  name: 'libssl-wasm',
  tsconfig: join(repository, 'site/tsconfig.json'),
  basePath: join(repository, 'dist'),
  entryPoints: [...entries.keys()],
  out: join(repository, 'build/site/pages/api'),
  plugin: ['typedoc-plugin-markdown', nameEntries, excuseMembersInPlace],
  navigationJson: join(repository, 'build/site/reference.json'),
  readme: 'none',
  entryFileName: 'index',
  excludeInternal: true,
  excludePrivate: true,
  excludeProtected: true,
  excludeExternals: true,
  disableSources: false,
  gitRevision: 'none',
  blockTags: ['@remedy', '@openssl', '@spec', '@param', '@returns', '@throws', '@example', '@deprecated', '@see', '@template', '@default'],
  validation: { notExported: true, invalidLink: true, notDocumented: true, rewrittenLink: true },
  treatWarningsAsErrors: true,
  requiredToBeDocumented: ['Class', 'Interface', 'Property', 'Method', 'Accessor', 'Function', 'Variable', 'TypeAlias'],
  intentionallyNotExported: [
    'reasons', 'ConnectionSocket', 'Socket', 'Callback', 'Listener', 'SecureContext', 'SecurePair', 'BasicSsl', 'BasicSslCtx',
  ],
  membersWithOwnFile: ['Class', 'Interface'],
  sanitizeComments: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
}
