// Where the platform has sockets.

export { Server, Socket } from 'node:net'
