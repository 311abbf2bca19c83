import { strict as assert } from 'node:assert'
import nodemailer from 'nodemailer'
import { patterned } from '../bytes.js'
import type { EximPlace } from '../servers/exim.js'
import type { Kit, Shows } from '../show.js'

type SmtpKit = Kit<EximPlace>

const smtps = ({ place: { smtpsPort: port }, ca }: SmtpKit) => ({ host: 'localhost', port, secure: true, tls: { ca } })
const starttls = ({ place: { starttlsPort: port }, ca }: SmtpKit) => ({
  host: 'localhost', port, secure: false, requireTLS: true, tls: { ca },
})
const attachment = patterned(5 << 20)
const message = {
  from: 'a@localhost', to: 'b@localhost', subject: 'five megabytes', text: 'see below',
  attachments: [{ filename: 'bytes', content: attachment }],
}

/** Sends the message, and looks for it where the server has put it. */
async function send(transport: nodemailer.Transporter, { place: { messages } }: SmtpKit): Promise<void> {
  const { response } = await transport.sendMail(message)
  const id = /id=(\S+)/.exec(response)![1]!
  const text = await (await fetch(`${messages}/${id}-D`)).text()
  const encoded = text.split('filename=bytes')[1]!.split('--')[0]!
  assert.ok(attachment.equals(Buffer.from(encoded, 'base64')))
}

async function sendOne(options: object, kit: SmtpKit): Promise<void> {
  const transport = nodemailer.createTransport(options)
  await send(transport, kit)
  transport.close()
}

export const shows: Shows<EximPlace> = {
  'SMTPS: a message of 5 MB': (kit) => sendOne(smtps(kit), kit),
  'STARTTLS: a message of 5 MB': (kit) => sendOne(starttls(kit), kit),

  async 'five messages on two connections'(kit) {
    const transport = nodemailer.createTransport({ ...smtps(kit), pool: true, maxConnections: 2 })
    await Promise.all(Array.from({ length: 5 }, () => send(transport, kit)))
    transport.close()
  },

  async 'wrong CA refused'(kit) {
    for (const options of [smtps(kit), starttls(kit)]) {
      await assert.rejects(
        nodemailer.createTransport({ ...options, tls: { ca: kit.otherCa } }).verify(),
        { code: 'ESOCKET', originalCode: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
      )
      assert.ok(await nodemailer.createTransport({ ...options, tls: { rejectUnauthorized: false } }).verify())
    }
  },
}
