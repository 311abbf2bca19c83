import { strict as assert } from 'node:assert'
import { Client } from 'ldapts'
import type { SlapdPlace } from '../servers/slapd.js'
import type { Kit, Shows } from '../show.js'

type LdapKit = Kit<SlapdPlace>

const ldaps = ({ place: { ldapsPort }, ca }: LdapKit) => ({ url: `ldaps://localhost:${ldapsPort}`, tlsOptions: { ca } })

async function connected(options: object, use: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client(options)
  try {
    await use(client)
  } finally {
    await client.unbind()
  }
}

async function bindAndSearch(client: Client, { place: { base, user, password, people } }: LdapKit): Promise<void> {
  await client.bind(user, password)
  const { searchEntries } = await client.search(
    base, { filter: '(objectClass=inetOrgPerson)', attributes: ['mail'], paged: { pageSize: 200 } },
  )
  assert.deepEqual(
    [searchEntries.length, searchEntries.at(-1)],
    [people, { dn: `cn=person ${people - 1},${base}`, mail: `person.${people - 1}@example.org` }],
  )
}

export const shows: Shows<SlapdPlace> = {
  'LDAPS: bind, search': (kit) => connected(ldaps(kit), (client) => bindAndSearch(client, kit)),

  async 'STARTTLS: bind, search'(kit) {
    await connected({ url: `ldap://localhost:${kit.place.starttlsPort}` }, async (client) => {
      await client.startTLS({ ca: kit.ca, host: 'localhost' })
      await bindAndSearch(client, kit)
    })
  },

  async 'wrong CA refused'(kit) {
    const { user, password } = kit.place
    await connected(
      { ...ldaps(kit), tlsOptions: { ca: kit.otherCa } },
      (client) => assert.rejects(client.bind(user, password), { code: 'SELF_SIGNED_CERT_IN_CHAIN' }),
    )
    await connected({ ...ldaps(kit), tlsOptions: { rejectUnauthorized: false } }, (client) => client.bind(user, password))
  },
}
