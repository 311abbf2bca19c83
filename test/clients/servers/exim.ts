// Exim: SMTPS, and STARTTLS. It delivers nothing: what it has taken lies in its spool.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { HOST } from '../../helpers/free-ports.js'
import { serveFile } from '../../helpers/serve-file.js'
import { GROUP_NAME, USER_NAME, type Home } from './home.js'

export interface EximPlace {
  readonly starttlsPort: number
  readonly smtpsPort: number
  /** URL below which each message's text is, as ID-D: what runs in a page reads no files. */
  readonly messages: string
}

export async function startExim(home: Home): Promise<EximPlace> {
  const { cert, key, ca } = home.writeIdentity(home.identities.serverRsa)
  const spool = home.folder('spool')
  const configuration = (starttlsPort: number, smtpsPort: number) => [
    `exim_user = ${USER_NAME}`, `exim_group = ${GROUP_NAME}`, `spool_directory = ${spool}`, `log_file_path = ${home.path('log-%slog')}`,
    `pid_file_path = ${home.path('pid')}`, 'primary_hostname = localhost', 'local_interfaces = 127.0.0.1',
    `daemon_smtp_ports = ${starttlsPort} : ${smtpsPort}`, `tls_on_connect_ports = ${smtpsPort}`, 'tls_advertise_hosts = *',
    `tls_certificate = ${cert}`, `tls_privatekey = ${key}`, `tls_verify_certificates = ${ca}`, 'tls_try_verify_hosts = *',
    'queue_only = true', 'split_spool_directory = false', 'message_size_limit = 64M', 'host_lookup =', 'rfc1413_hosts =',
    'acl_smtp_rcpt = encrypted', 'acl_smtp_data = encrypted', 'begin acl', 'encrypted:', '  accept encrypted = *', '  deny',
    'begin routers', 'begin transports',
  ].join('\n')
  const [starttlsPort, smtpsPort] = await home.serve(
    2, (one, two) => ['exim4', '-bdf', '-q1d', '-C', home.write('exim.conf', configuration(one!, two!))],
  )
  return { starttlsPort: starttlsPort!, smtpsPort: smtpsPort!, messages: await serveFolder(home, `${spool}/input`) }
}

async function serveFolder(home: Home, folder: string): Promise<string> {
  const server = createServer((request, response) => {
    response.setHeader('access-control-allow-origin', '*')
    serveFile(join(folder, basename(request.url!)), response)
  })
  server.listen(0, HOST)
  await once(server, 'listening')
  home.onClose(() => server.close())
  return `http://${HOST}:${(server.address() as AddressInfo).port}`
}
