// OpenLDAP's slapd, as Debian builds it upon GnuTLS: LDAPS, and STARTTLS without which it takes no password.

import type { Home } from './home.js'

export interface SlapdPlace {
  readonly starttlsPort: number
  readonly ldapsPort: number
  readonly base: string
  readonly user: string
  readonly password: string
  /** How many entries stand below the base. */
  readonly people: number
}

export async function startSlapd(home: Home): Promise<SlapdPlace> {
  const { cert, key, ca } = home.writeIdentity(home.identities.serverRsa)
  const [base, password, people] = ['dc=example,dc=org', 'a password, not a secret', 500]
  const user = `cn=admin,${base}`
  home.folder('data')
  const configuration = home.write('slapd.conf', [
    ...['core', 'cosine', 'inetorgperson'].map((schema) => `include /etc/ldap/schema/${schema}.schema`),
    'modulepath /usr/lib/ldap', 'moduleload back_mdb', `pidfile ${home.path('pid')}`,
    `TLSCACertificateFile ${ca}`, `TLSCertificateFile ${cert}`, `TLSCertificateKeyFile ${key}`, 'TLSVerifyClient try',
    'security simple_bind=128', 'database mdb', `suffix "${base}"`, `rootdn "${user}"`, `rootpw "${password}"`,
    `directory ${home.path('data')}`, 'maxsize 16777216', 'dbnosync',
  ].join('\n'))
  const entries = home.write('entries.ldif', [
    `dn: ${base}\nobjectClass: dcObject\nobjectClass: organization\no: example\n`,
    ...Array.from(
      { length: people },
      (_, index) =>
      `dn: cn=person ${index},${base}\nobjectClass: inetOrgPerson\ncn: person ${index}\nsn: ${index}\nmail: person.${index}@example.org\n`,
    ),
  ].join('\n'))
  await home.run(['slapadd', '-q', '-f', configuration, '-l', entries])
  const [starttlsPort, ldapsPort] = await home.serve(
    2, (plain, secure) => ['slapd', '-d', '0', '-f', configuration, '-h', `ldap://127.0.0.1:${plain}/ ldaps://127.0.0.1:${secure}/`],
  )
  return { starttlsPort: starttlsPort!, ldapsPort: ldapsPort!, base, user, password, people }
}
