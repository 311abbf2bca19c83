// The streams that pages get, with their clock: readable-stream upon the package `process`, whose nextTick() is a timer there. What
// setImmediate() runs comes before it. Import this before all else, and put streams.default.js in the place of streams.node.js.

import { createRequire } from 'node:module'

const require = createRequire(createRequire(import.meta.url).resolve('readable-stream'))
require('process/browser.js')
require.cache[require.resolve('process/')] = require.cache[require.resolve('process/browser.js')]
