// What an operator may have overlooked: it is said when the relay starts.

import type { RelayRules } from './relay-options.js'

/** How a host calls what is to be given. */
export type OptionNames = Readonly<Record<'allow' | 'origins' | 'token', string>>

/** `reachable` says from where strangers can reach it, if they can. */
export function relayWarnings(rules: RelayRules, names: OptionNames, reachable: string | undefined): string[] {
  const { allow = [], origins = [], token } = rules
  return [
    ...(allow.length > 0 ? [] : [`every target is refused: name those to allow with ${names.allow}`]),
    ...(origins.length > 0 ? [] : [`every page is refused: name the origins to allow with ${names.origins}`]),
    ...(origins.includes('null') ? ['the origin null is that of every sandboxed frame: any page may connect'] : []),
    ...(reachable === undefined || token !== undefined ? []
      : [`anyone may use the relay ${reachable}: ask for a token with ${names.token}`]),
  ]
}
