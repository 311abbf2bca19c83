// Learning that nothing moves.

/**
 * Calls `idle` if `moved`, a count that only grows, is found the same twice: it is looked at once in `idleTimeoutMs` (0 for
 * never), so it may take up to twice as long. Gives back what ends the watch.
 */
export function watchIdling(idleTimeoutMs: number, moved: () => number, idle: () => void): () => void {
  let before = -1
  const timer = idleTimeoutMs > 0 && setInterval(() => {
    if (moved() === before) idle()
    before = moved()
  }, idleTimeoutMs)
  return () => clearInterval(timer || undefined)
}

/** The reason that is given for such an end. */
export function nothingMoved(idleTimeoutMs: number): string {
  return `nothing moved for ${idleTimeoutMs} ms`
}
