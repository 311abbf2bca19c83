// The script of the worker (`libssl-wasm/worker-script`): it serves the page that started it.

import { parent } from '#worker'
import { freeContext } from '../contexts.js'
import type { FreeContext } from '../posted-context.js'
import type { Begin } from '../protocol.js'
import { serve } from '../serve.js'

parent.addEventListener('message', ({ data }: { data: Begin | FreeContext }) => {
  void (data.type === 'free context' ? freeContext(data) : serve(data))
})
