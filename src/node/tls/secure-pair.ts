// tls.createSecurePair(): the two ends of a connection in memory, one of ciphertext and one of plaintext. Node has removed it since version
// 24, and said long before that TLSSocket is to be used.

import { Duplex, EventEmitter } from '#node'
import { nodeError } from '../node-error.js'
import { createSecureContext, SecureContext } from './secure-context.js'
import { TLSSocket } from './tls-socket.js'
import type { TLSSocketOptions } from './tls-socket-options.js'
import { warnOnce } from './warnings.js'

export class SecurePair extends EventEmitter {
  readonly credentials: SecureContext
  readonly cleartext: TLSSocket
  readonly encrypted: Duplex

  constructor(
    given?: SecureContext | null, isServer = false, requestCert = !isServer, rejectUnauthorized = false,
    options: TLSSocketOptions = {},
  ) {
    super()
    warnOnce('DEP0064', 'tls.createSecurePair() is deprecated. Please use tls.TLSSocket instead.')
    const context = given ?? createSecureContext()
    if (!(context instanceof SecureContext)) throw nodeError('ERR_TLS_INVALID_CONTEXT', 'context must be a SecureContext', {}, TypeError)
    const [ours, theirs] = pairOfDuplexes()
    this.credentials = context
    this.encrypted = theirs
    this.cleartext = new TLSSocket(ours, { ...options, secureContext: context, isServer, requestCert, rejectUnauthorized })
    this.cleartext.once('secure', () => this.emit('secure'))
  }

  destroy(): void {
    this.cleartext.destroy()
    this.encrypted.destroy()
  }
}

export function createSecurePair(...args: ConstructorParameters<typeof SecurePair>): SecurePair {
  return new SecurePair(...args)
}

/** What is written to one is read from the other. */
function pairOfDuplexes(): [Duplex, Duplex] {
  const taken: (() => void)[] = [() => {}, () => {}]
  const make = (own: 0 | 1, other: 0 | 1): Duplex => new Duplex({
    read: () => taken[other]!(),
    write(chunk, _encoding, callback) {
      taken[own] = () => {
        taken[own] = () => {}
        callback()
      }
      if (ends[other].push(chunk)) taken[own]!()
    },
    final(callback) {
      ends[other].push(null)
      callback()
    },
  })
  const ends: [Duplex, Duplex] = [make(0, 1), make(1, 0)]
  return ends
}
