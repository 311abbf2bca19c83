// MariaDB: one user must use TLS, another must show a client certificate.

import type { Home } from './home.js'

export interface MariadbPlace {
  readonly port: number
  readonly user: string
  readonly password: string
  /** Shows the certificate, too. */
  readonly certifiedUser: string
}

export async function startMariadb(home: Home): Promise<MariadbPlace> {
  const { cert, key, ca } = home.writeIdentity(home.identities.serverRsa)
  const [user, password, certifiedUser] = ['tester', 'a password, not a secret', 'certified']
  const data = home.folder('data')
  await home.run([
    'mariadb-install-db', '--no-defaults', `--datadir=${data}`, `--tmpdir=${home.directory}`, '--auth-root-authentication-method=normal',
    '--skip-test-db', '--cross-bootstrap',
  ])
  const users = home.write('users.sql', [
    `CREATE USER ${user}@'127.0.0.1' IDENTIFIED BY '${password}' REQUIRE SSL;`,
    `CREATE USER ${certifiedUser}@'127.0.0.1' IDENTIFIED BY '${password}' REQUIRE X509;`,
    'CREATE DATABASE tests;', `GRANT ALL ON tests.* TO ${user}@'127.0.0.1';`,
  ].join('\n'))
  const [port] = await home.serve(1,
    (free) => ['mariadbd', '--no-defaults', `--datadir=${data}`, `--tmpdir=${home.directory}`, `--port=${free}`, '--bind-address=127.0.0.1',
    `--socket=${home.path('socket')}`, `--pid-file=${home.path('pid')}`, '--skip-name-resolve', `--init-file=${users}`,
    '--max-allowed-packet=64M', '--innodb-flush-log-at-trx-commit=0', `--ssl-cert=${cert}`, `--ssl-key=${key}`, `--ssl-ca=${ca}`])
  return { port: port!, user, password, certifiedUser }
}
