// Browsers and edge workers hand out no list of roots.

/** PEM texts, or `undefined` where the platform has no list to give. */
export function platformRoots(): readonly string[] | undefined {
  return undefined
}

/** The same for the system's own list. */
export function systemRoots(): readonly string[] | undefined {
  return undefined
}
