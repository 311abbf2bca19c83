// The script of the worker (`libssl-wasm/worker-script`): it serves whoever started it.

import { parent } from '#worker'
import type { Begin } from './protocol.js'
import { serve } from './serve.js'

parent.addEventListener('message', ({ data }: { data: Begin }) => { void serve(data) })
