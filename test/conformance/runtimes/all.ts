// Every runtime that the library is for, in the table's order.

import { bun } from './bun.js'
import { chromium } from './chromium.js'
import { deno } from './deno.js'
import { firefox } from './firefox.js'
import { node } from './node.js'
import type { RuntimeDriver } from './runtime.js'
import { webkit } from './webkit.js'
import { workerd } from './workerd.js'

export const runtimes: readonly RuntimeDriver[] = [node(20), node(22), node(24), deno, bun, workerd, chromium, firefox, webkit]
