// A server's first look at its client, before anything is answered. What is made of the answer is context.ts's.

import type { ClientHello } from '../../core/client-hello.js'
import type { AlgorithmOptions } from './algorithms.js'
import type { ServerAlpnOptions } from './alpn.js'
import type { ClientIdentityOptions } from './client-identity.js'
import { isFunction, type Feature } from './feature.js'
import type { Identity } from './identity.js'

/** Options of accept() that hold for this client, in place of those that were given. */
export interface HelloAnswer extends
  Identity, ServerAlpnOptions, Pick<ClientIdentityOptions, 'ca' | 'clientCertificate'>,
  Pick<AlgorithmOptions, 'minVersion' | 'maxVersion' | 'ciphers' | 'ciphersuites' | 'groups' | 'signatureAlgorithms'> {}

export interface ClientHelloOptions {
  /**
   * Asked once a client has spoken, before anything is answered; it may take its time. What it returns holds for this
   * client: for example another certificate, for the name that was asked for. To refuse the client throw (or reject); a
   * `RefusalError` chooses the alert, else it is internal_error. The connection ends with what was thrown.
   */
  readonly onClientHello?: ((hello: ClientHello) => HelloAnswer | undefined | void | Promise<HelloAnswer | undefined | void>) | undefined
}

export const clientHello: Feature<ClientHelloOptions> = {
  checks: { onClientHello: isFunction },
  answers: { onClientHello: 'in time' },
  either: ['onClientHello'],
}
