// For `./build.sh site test`: the site is no part of what `./build.sh test` needs.

import { mergeConfig } from 'vitest/config'
import config from '../vitest.config.js'

export default mergeConfig({ ...config, test: { ...config.test, include: [] } }, { test: { include: ['site/**/*.test.ts'] } })
