import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'
import { onPath } from './test/helpers/on-path.js'
import { findPostgresql } from './tools/demo/postgresql.js'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Files whose every test runs in one of these browsers. Others leave out what they cannot run, and say so themselves. */
const browserTests: Readonly<Record<string, readonly string[]>> = {
  'test/bundlers/bundlers.test.ts': ['chromium'],
  'test/bundlers/csp.test.ts': ['chromium'],
  'test/bundlers/node-aliases.test.ts': ['chromium'],
  'test/bundlers/node-page.test.ts': ['chromium'],
  'test/bundlers/examples.test.ts': ['chromium'],
  'test/demo/page.test.ts': ['chromium', 'firefox-esr'],
  'test/demo/sql.test.ts': ['chromium', 'firefox-esr'],
}
/** Files whose every test needs PostgreSQL. */
const databaseTests = ['test/bundlers/node-page.test.ts', 'test/demo/sql.test.ts']
const required = process.env['LIBSSL_WASM_REQUIRE_ALL_RUNTIMES'] === '1'
const leftOut = Object.keys(browserTests).filter((file) => !required && !browserTests[file]!.some(onPath))
for (const file of leftOut) {
  console.warn(`${file} is not run: ${browserTests[file]!.join(' and ')} missing (tools/install-runtimes.sh --debian)`)
}

if (!required && findPostgresql() === undefined) {
  leftOut.push(...databaseTests)
  console.warn(`${databaseTests.join(' and ')} are not run: PostgreSQL is missing (tools/install-clients.sh)`)
}

export default defineConfig({
  resolve: {
    // package.json's "imports" name the built files; tests run the sources.
    alias: {
      '#source': here('./src/loader/source.node.ts'),
      '#roots': here('./src/loader/roots.node.ts'),
      '#keylog': here('./src/loader/keylog.node.ts'),
      '#node-net': here('./src/node/platform/net.node.ts'),
      '#node': here('./src/node/platform/streams.node.ts'),
      '#worker': here('./src/frontends/worker/spawn.node.ts'),
    },
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...leftOut],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores: some tests start servers and browsers of their own.
    maxWorkers: 2,
  },
})
