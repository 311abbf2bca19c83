import { strict as assert } from 'node:assert'
import { createHash } from 'node:crypto'
import { ImapFlow } from 'imapflow'
import type { DovecotPlace } from '../servers/dovecot.js'
import type { Kit, Shows } from '../show.js'

type ImapKit = Kit<DovecotPlace>

const auth = ({ place: { user, password: pass } }: ImapKit) => ({ user, pass })
const imaps = (kit: ImapKit) => ({
  host: 'localhost', port: kit.place.imapsPort, secure: true, auth: auth(kit), tls: { ca: kit.ca }, logger: false,
})
const starttls = (kit: ImapKit) => ({ ...imaps(kit), port: kit.place.starttlsPort, secure: false, doSTARTTLS: true })

async function connected<T>(config: object, use: (client: ImapFlow) => Promise<T>): Promise<T> {
  const client = new ImapFlow(config)
  client.on('error', () => {}) // the calls tell it
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.logout()
  }
}

/** Lists the mailboxes, and fetches the message whole. */
async function read(config: object, { place: { subject, size, digest } }: ImapKit): Promise<void> {
  await connected(config, async (client) => {
    assert.ok(client.secureConnection)
    assert.deepEqual((await client.list()).map(({ path }: { path: string }) => path), ['INBOX'])
    const lock = await client.getMailboxLock('INBOX')
    const message = await client.fetchOne('*', { envelope: true, source: true })
    lock.release()
    assert.deepEqual(
      { subject: message.envelope.subject, size: message.source.length, digest: createHash('sha256').update(message.source).digest('hex') },
      { subject, size, digest },
    )
  })
}

export const shows: Shows<DovecotPlace> = {
  'IMAPS: list, fetch 5 MB': (kit) => read(imaps(kit), kit),
  'STARTTLS: list, fetch 5 MB': (kit) => read(starttls(kit), kit),

  async 'a download as a stream'(kit) {
    await connected(imaps(kit), async (client) => {
      const lock = await client.getMailboxLock('INBOX')
      const { content } = await client.download('1')
      const hash = createHash('sha256')
      for await (const chunk of content) hash.update(chunk)
      lock.release()
      assert.equal(hash.digest('hex'), kit.place.digest)
    })
  },

  async 'wrong CA refused'(kit) {
    for (const config of [imaps(kit), starttls(kit)]) {
      await assert.rejects(
        connected({ ...config, tls: { ca: kit.otherCa } }, () => Promise.resolve()), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
      )
      await connected({ ...config, tls: { rejectUnauthorized: false } }, () => Promise.resolve())
    }
  },
}
