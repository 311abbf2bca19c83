// Where there are no sockets but those that the application dials.

export { Server, Socket } from '../net/index.js'
export const inEdgeWorker = false
