// Every runtime that the library is for, in the table's order.

import { chromium } from './chromium.js'
import { node } from './node.js'
import type { RuntimeDriver } from './runtime.js'

export const runtimes: readonly RuntimeDriver[] = [node(20), node(22), node(24), chromium]
