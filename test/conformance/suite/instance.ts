// The instance of libssl that most tests share: making one takes milliseconds each time.

import { load, type LibSsl } from 'libssl-wasm'
import type { Runtime } from './harness.js'

const instances = new WeakMap<Runtime, Promise<LibSsl>>()

export function sharedInstance(runtime: Runtime): Promise<LibSsl> {
  let instance = instances.get(runtime)
  if (!instance) instances.set(runtime, instance = load(runtime.loadOptions()))
  return instance
}
