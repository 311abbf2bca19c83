// Runs inside a network namespace: dials, and hands the connected socket to whoever asked. See namespace.ts.

import { connect } from 'node:net'
import type { AgentMessage, DialRequest } from './namespace.js'

const answer = (message: AgentMessage, socket?: ReturnType<typeof connect>) => process.send!(message, socket)

process.on('message', ({ id, port }: DialRequest) => {
  const socket = connect(port, '127.0.0.1')
  socket.once('connect', () => answer({ id }, socket))
  socket.once('error', (error) => answer({ id, error: error.message }))
})
answer({ ready: true })
process.once('disconnect', () => process.exit())
