import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    // package.json's "imports" name the built files; tests run the sources.
    alias: {
      '#source': here('./src/loader/source.node.ts'), '#roots': here('./src/loader/roots.node.ts'), '#worker': here('./src/frontends/worker/spawn.node.ts'),
    },
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores: some tests start servers and browsers of their own.
    maxWorkers: 2,
  },
})
