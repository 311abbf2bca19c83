// Mosquitto, which wants to see a client certificate and takes its CN for the user's name.

import type { Home } from './home.js'

export interface MosquittoPlace {
  readonly port: number
}

export async function startMosquitto(home: Home): Promise<MosquittoPlace> {
  const { cert, key, ca } = home.writeIdentity()
  const [port] = await home.serve(1, (free) => ['mosquitto', '-c', home.write('mosquitto.conf', [
    `listener ${free} 127.0.0.1`, `cafile ${ca}`, `certfile ${cert}`, `keyfile ${key}`, 'require_certificate true',
    'use_identity_as_username true', 'persistence false',
  ].join('\n'))])
  return { port: port! }
}
