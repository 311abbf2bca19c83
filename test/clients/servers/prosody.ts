// Prosody: XMPP for clients, who must ask for TLS.

import type { Home } from './home.js'

export interface ProsodyPlace {
  readonly port: number
  /** The domain that it serves. */
  readonly domain: string
}

export async function startProsody(home: Home): Promise<ProsodyPlace> {
  const { cert, key } = home.writeIdentity(home.identities.serverRsa)
  const domain = 'localhost'
  const text = (value: string) => JSON.stringify(value)
  const configuration = (port: number) => [
    `data_path = ${text(home.folder('data'))}`, `pidfile = ${text(home.path('pid'))}`, 'log = { info = "*stdout" }',
    'modules_enabled = { "tls", "saslauth", "roster", "disco" }', 'modules_disabled = { "s2s", "offline", "admin_shell" }',
    'interfaces = { "127.0.0.1" }', `c2s_ports = { ${port} }`, 'c2s_require_encryption = true', 'authentication = "internal_hashed"',
    `VirtualHost ${text(domain)}`, `ssl = { certificate = ${text(cert)}, key = ${text(key)} }`,
  ].join('\n')
  const [port] = await home.serve(1, (free) => ['prosody', '-F', '--config', home.write('prosody.cfg.lua', configuration(free!))])
  return { port: port!, domain }
}
