// Browsers and edge workers hand out no list of roots.

/** DER, or PEM as it is, or `undefined` where the platform has no list to give. */
export function platformRoots(): readonly (string | Uint8Array)[] | undefined {
  return undefined
}

/** The system's own list: PEM texts, or `undefined` as above. */
export function systemRoots(): readonly string[] | undefined {
  return undefined
}

/** The beginning of what is said then; what to do follows. */
export const whyNoRoots = 'this platform hands out no list of trusted roots:'
