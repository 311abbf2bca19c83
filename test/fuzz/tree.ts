// Encodings as trees, so that a part can be changed while all lengths around it stay true: what is wrong is then not found at the
// first length, but where it is.

import { concat } from '../../src/base/bytes.js'

/** Something with a length before it. */
export interface TreeNode {
  tag: Uint8Array
  /** How the length is written; `none`: it is not. */
  length: 'none' | 'der' | 1 | 2 | 3
  content: Uint8Array | TreeNode[]
  /** By how much the length is wrong. */
  lie?: number
}

export interface Format {
  read(bytes: Uint8Array): TreeNode[]
  write(nodes: readonly TreeNode[]): Uint8Array
}

const none = new Uint8Array()
export const rawNode = (content: Uint8Array): TreeNode => ({ tag: none, length: 'none', content })

export function writeNodes(nodes: readonly TreeNode[]): Uint8Array<ArrayBuffer> {
  return concat(nodes.flatMap(({ tag, length, content, lie = 0 }) => {
    const bytes = content instanceof Uint8Array ? content : writeNodes(content)
    return [tag, lengthBytes(length, Math.max(0, bytes.byteLength + lie)), bytes]
  }))
}

function lengthBytes(form: TreeNode['length'], length: number): Uint8Array {
  if (form === 'none') return none
  const wide = (count: number) => Uint8Array.from({ length: count }, (_, at) => length >>> 8 * (count - 1 - at))
  if (form !== 'der') return wide(form)
  if (length < 0x80) return Uint8Array.of(length)
  const count = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3
  return concat([Uint8Array.of(0x80 | count), wide(count)])
}

/** Bytes that nothing is known of. */
export const raw: Format = { read: (bytes) => [rawNode(bytes)], write: writeNodes }

/** ASN.1, down to what stands in OCTET STRINGs. */
export const der: Format = { read: (bytes) => readDer(bytes) ?? [rawNode(bytes)], write: writeNodes }

function readDer(bytes: Uint8Array): TreeNode[] | undefined {
  const nodes: TreeNode[] = []
  for (let at = 0; at < bytes.byteLength;) {
    const [type, first] = [bytes[at]!, bytes[at + 1]]
    if ((type & 0x1f) === 0x1f || first === undefined) return undefined
    const wide = first < 0x80 ? 0 : first & 0x7f
    if (wide > 3 || first === 0x80) return undefined
    let length = first
    if (wide > 0) length = bytes.subarray(at + 2, at + 2 + wide).reduce((sum, byte) => sum * 256 + byte, 0)
    const start = at + 2 + wide
    if (start + length > bytes.byteLength) return undefined
    const content = bytes.subarray(start, start + length)
    const holdsMore = (type & 0x20) !== 0 || (type === 4 && content[0] === 0x30)
    nodes.push({ tag: Uint8Array.of(type), length: 'der', content: (holdsMore && readDer(content)) || content })
    at = start + length
  }
  return nodes
}

/** The first block of a PEM text; else DER. */
export const pem: Format = {
  read(bytes) {
    const block = BLOCK.exec(latin1(bytes))
    return der.read(block ? new Uint8Array(Buffer.from(block[2]!, 'base64')) : bytes)
  },
  write: writeNodes,
}
const BLOCK = /-----BEGIN ([^-]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/
const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

/** The label of a PEM text. */
export const labelOf = (bytes: Uint8Array) => BLOCK.exec(latin1(bytes))?.[1]

/** DER in PEM's armour. */
export const armoured = (label: string, bytes: Uint8Array) =>
  new Uint8Array(
    Buffer.from(
      `-----BEGIN ${label}-----\n${Buffer.from(bytes).toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`,
    ),
  )

/** TLS records, whose plaintext can be read: messages of the handshake, and their extensions. */
export const records: Format = {
  read(bytes) {
    const nodes: TreeNode[] = []
    for (let at = 0; at < bytes.byteLength;) {
      const end = at + 5 + (bytes[at + 3] ?? 0) * 256 + (bytes[at + 4] ?? 0)
      if (at + 5 > bytes.byteLength || end > bytes.byteLength) return [...nodes, rawNode(bytes.subarray(at))]
      const content = bytes.subarray(at + 5, end)
      nodes.push({ tag: bytes.subarray(at, at + 3), length: 2, content: (bytes[at] === 22 && readMessages(content)) || content })
      at = end
    }
    return nodes
  },
  write: writeNodes,
}

function readMessages(bytes: Uint8Array): TreeNode[] | undefined {
  return vectors(bytes, 1, 3)?.map((message) => {
    const body = message.content as Uint8Array
    return { ...message, content: message.tag[0] === CERTIFICATE ? withCertificates(body) : withExtensions(message.tag[0]!, body) }
  })
}

const CERTIFICATE = 11

/** A Certificate of TLS 1.3, which begins with a context, or of TLS 1.2; down to what stands in the certificates. */
function withCertificates(body: Uint8Array): Uint8Array | TreeNode[] {
  const isNew = body[0] === 0 && body.byteLength !== 3 + body[0]! * 65_536 + body[1]! * 256 + body[2]!
  const start = isNew ? 1 : 0
  const list = vectors(body.subarray(start), 0, 3)
  const content = list?.[0]?.content as Uint8Array | undefined
  if (list?.length !== 1 || !content) return body
  const entries: TreeNode[] = []
  for (let at = 0; at < content.byteLength;) {
    const end = at + 3 + content[at]! * 65_536 + content[at + 1]! * 256 + content[at + 2]!
    const extensions = isNew ? 2 + content[end]! * 256 + content[end + 1]! : 0
    if (!(end + extensions <= content.byteLength)) return body
    const certificate = content.subarray(at + 3, end)
    entries.push({ tag: none, length: 3, content: readDer(certificate) ?? certificate })
    if (isNew) entries.push({ tag: none, length: 2, content: content.subarray(end + 2, end + extensions) })
    at = end + extensions
  }
  return [rawNode(body.subarray(0, start)), { tag: none, length: 3, content: entries }]
}

/** Vectors one after the other, each behind a tag. */
function vectors(bytes: Uint8Array, tagBytes: number, length: 1 | 2 | 3): TreeNode[] | undefined {
  const nodes: TreeNode[] = []
  for (let at = 0; at < bytes.byteLength;) {
    const start = at + tagBytes + length
    const end = start + bytes.subarray(at + tagBytes, start).reduce((sum, byte) => sum * 256 + byte, 0)
    if (start > bytes.byteLength || end > bytes.byteLength) return undefined
    nodes.push({ tag: bytes.subarray(at, at + tagBytes), length, content: bytes.subarray(start, end) })
    at = end
  }
  return nodes
}

/** Where the extensions of a message begin, by its type: after so many bytes, and after vectors whose lengths have so many. */
const beforeExtensions: Readonly<Record<number, readonly { skip: number; vector?: 1 | 2 }[]>> = {
  1: [{ skip: 34, vector: 1 }, { skip: 0, vector: 2 }, { skip: 0, vector: 1 }], // ClientHello
  2: [{ skip: 34, vector: 1 }, { skip: 3 }], // ServerHello
  4: [{ skip: 8, vector: 1 }, { skip: 0, vector: 2 }], // NewSessionTicket of TLS 1.3
  8: [], // EncryptedExtensions
  13: [{ skip: 0, vector: 1 }], // CertificateRequest of TLS 1.3
}

function withExtensions(type: number, body: Uint8Array): Uint8Array | TreeNode[] {
  let at = 0
  for (const { skip, vector } of beforeExtensions[type] ?? [{ skip: body.byteLength }]) {
    at += skip
    if (vector) at += vector + body.subarray(at, at + vector).reduce((sum, byte) => sum * 256 + byte, 0)
  }
  const block = body.subarray(at + 2)
  const extensions = at + 2 <= body.byteLength && body[at]! * 256 + body[at + 1]! === block.byteLength ? vectors(block, 2, 2) : undefined
  return extensions ? [rawNode(body.subarray(0, at)), { tag: none, length: 2, content: extensions }] : body
}
