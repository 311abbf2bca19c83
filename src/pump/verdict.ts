// What the pump makes of an SSL call.

/** What a call of the loop came to: done, to be repeated (`again`: at once), or the end of it all. */
export type Verdict = 'done' | 'again' | 'want read' | 'undecided' | 'broken'
