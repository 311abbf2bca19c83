// STARTTLS of XMPP, for clients. @spec RFC 6120 §5

import { decodeUtf8 } from '../../../base/bytes.js'
import type { PlaintextConversation } from '../../../transports/plaintext.js'
import { refused, unexpected, type AskForTls } from './failures.js'

const MOST_CHARACTERS = 65_536

export const xmpp: AskForTls = async (talk, domain) => {
  const to = domain.replace(/[<>&'"]/g, (one) => `&#${one.charCodeAt(0)};`)
  await talk.write("<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    + `to='${to}' version='1.0'>`)
  const features = await readUntil(talk, /<\/stream:features\s*>|<stream:features\s*\/>|<\/stream:stream\s*>|<\/stream:error\s*>/)
  if (/<stream:error[\s>]/.test(features)) {
    throw refused('the server ends the stream: is its domain another one? give it as --servername', features)
  }
  if (!/<starttls[\s/>]/.test(features)) throw refused('the server does not offer it', features)
  await talk.write("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
  const answer = await readUntil(talk, /<proceed[^>]*\/>|<\/proceed\s*>|<failure[^>]*\/>|<\/failure\s*>|<\/stream:stream\s*>/)
  if (!answer.includes('<proceed')) throw refused('the server refuses it', answer)
}

/** Reads byte by byte, as everything after `end` belongs to TLS. */
async function readUntil(talk: PlaintextConversation, end: RegExp): Promise<string> {
  let text = ''
  do {
    text += decodeUtf8(await talk.readBytes(1))
    if (text.length === 1 && text !== '<' && text.trim() !== '') throw unexpected('XMPP', '"<"', text)
    if (text.length > MOST_CHARACTERS) throw unexpected('XMPP', `an answer of at most ${MOST_CHARACTERS} characters`, text)
  } while (!text.endsWith('>') || !end.test(text))
  return text
}
