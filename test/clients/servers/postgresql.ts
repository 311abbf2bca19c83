// PostgreSQL: SCRAM over TLS for one user, a client certificate for another. TLS without SSLRequest, which it has itself from
// version 17 on only, is stunnel's, in front of it.

import { newest, type Home } from './home.js'

export interface PostgresqlPlace {
  /** Takes SSLRequest. */
  readonly port: number
  /** Begins with TLS. */
  readonly directPort: number
  readonly user: string
  readonly password: string
  /** Shows the certificate instead of a password. */
  readonly certifiedUser: string
}

export async function startPostgresql(home: Home): Promise<PostgresqlPlace> {
  const programs = newest('/usr/lib/postgresql', 'bin')
  const { cert, key, ca } = home.writeIdentity()
  const [user, password, certifiedUser] = ['tester', 'a password, not a secret', 'certified']
  const data = home.path('data')
  await home.run([`${programs}/initdb`, '--pgdata', data, '--username', user, '--auth', 'scram-sha-256', '--no-sync', '--encoding', 'UTF8',
    '--no-locale', '--pwfile', home.write('password', password)])
  const access = home.write('access.conf', [
    'hostssl all tester 127.0.0.1/32 scram-sha-256',
    'hostssl all certified 127.0.0.1/32 cert',
    'hostnossl all tester 127.0.0.1/32 scram-sha-256', // from stunnel
  ].join('\n'))
  const settings = {
    listen_addresses: '127.0.0.1', unix_socket_directories: '', hba_file: access, fsync: 'off',
    ssl: 'on', ssl_cert_file: cert, ssl_key_file: key, ssl_ca_file: ca,
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const role = home.write('role.sql', `CREATE ROLE ${certifiedUser} LOGIN;\n`)
  await home.run(['sh', '-c', `"$0" --single -D "$1" postgres <"$2"`, `${programs}/postgres`, data, role])
  const [port] = await home.serve(1, (free) => [`${programs}/postgres`, '-D', data, '-p', String(free), ...options])
  const [directPort] = await home.serve(1, (free) => ['stunnel4', home.write('stunnel.conf', [
    'foreground = yes', 'pid =', '[postgresql]', `accept = 127.0.0.1:${free}`, `connect = 127.0.0.1:${port}`, `cert = ${cert}`,
    `key = ${key}`,
  ].join('\n'))])
  return { port: port!, directPort: directPort!, user, password, certifiedUser }
}
