// What the two sides of version 2 say of themselves before anything else.

/** Offered as a subprotocol of the WebSocket. Servers look whether there is one, rather than which. */
export const WISP_SUBPROTOCOL = 'wisp-v2'
