// No platform but Node hands out its roots.

/** PEM texts, or `undefined` where the platform has no list to give. */
export function platformRoots(): readonly string[] | undefined {
  return undefined
}
