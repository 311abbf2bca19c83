// Settings of net for hosts that have addresses of both families. Here the relay chooses; what is set can be asked for.

import { demandInteger, demandType } from '../invalid-arguments.js'

let chosen = true
let attemptTimeoutMs = 250

/** What was set; `true` at first. Here the relay chooses the address. */
export function getDefaultAutoSelectFamily(): boolean { return chosen }

/** Keeps `value` for {@link getDefaultAutoSelectFamily}; it has no other effect here. */
export function setDefaultAutoSelectFamily(value: boolean): void {
  demandType(value, 'boolean', 'value')
  chosen = value
}

/** What was set, in milliseconds; 250 at first. */
export function getDefaultAutoSelectFamilyAttemptTimeout(): number { return attemptTimeoutMs }

/** Milliseconds, at least 10, as in Node. */
export function setDefaultAutoSelectFamilyAttemptTimeout(value: number): void {
  demandInteger(value, 'value', 1, 2 ** 31 - 1)
  attemptTimeoutMs = Math.max(10, value)
}
