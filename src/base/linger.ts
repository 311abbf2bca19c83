// How long we stay after we have nothing more to say.

/** How long the other side may take to accept our last bytes. */
export const LAST_WORDS_MS = 5_000

/** How long we then listen for its end. */
export const LINGER_MS = 1_000

/**
 * Calls `giveUp` after a while, unless the function that is returned was called before. A connection with unread data
 * that is closed is reset, which would destroy what we wrote and what is still on its way to the peer; so what is not
 * wanted is read on and thrown away until the peer's end, but not for ever.
 */
export function linger(giveUp: () => void): () => void {
  const deadline = setTimeout(giveUp, LINGER_MS)
  return () => clearTimeout(deadline)
}
