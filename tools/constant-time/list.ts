// What the tool looks at, and what it is told of it. Whoever changes a kernel changes this file with it.

/** What a parameter points to, or what stands at an offset of that. By offset: how many bytes, and what they point to. */
export type Fields = ReadonlyMap<number, { readonly bytes: number; readonly fields: Fields }>

export interface Root {
  /**
   * Its parameters in order, separated by commas. Each is public (an address, a length), unless `secret` stands before it. What a public
   * one points to is secret, but for the fields in braces: offsets in bytes, `:` and a size if it is not 4, and braces of their own
   * for what they point to. For example `ctx{0 8{4} 16:8}, out, in, len, secret mask`.
   */
  readonly parameters: string
  /** Findings that are no leak, by what is found and in which function; as many as that. */
  readonly exceptions?: readonly Exception[]
}

export interface Exception {
  readonly kind: FindingKind
  readonly in: string
  readonly count: number
  readonly reason: string
}

export type FindingKind = 'load' | 'store' | 'branch' | 'select' | 'table branch' | 'division' | 'indirect call' | 'public field' | 'recursion'

/** Functions that are called and not followed. What they are given to write to is taken for secret; `gives`: their result. */
export const notFollowed: Readonly<Record<string, { readonly gives: 'public' | 'secret'; readonly reason: string }>> = {
}

/** Where each analysis begins. Functions that they call are followed. */
export const roots: Readonly<Record<string, Root>> = {
  lsw_chacha20_four_blocks: { parameters: 'out, in, key, counter, poly, mac' },
  lsw_chacha20_xor: { parameters: 'stream{256}, out, in, len' },
  lsw_chacha20_stream: { parameters: 'stream{256}, want, key, counter, poly, mac' },
  Poly1305_Update: { parameters: 'poly{224}, in, len' },
  Poly1305_Final: { parameters: 'poly{224}, mac' },
  AES_encrypt: { parameters: 'in, out, key{240}' },
}

/** Functions of kernels that handle no secret. */
export const withoutSecrets: Readonly<Record<string, string>> = {
}

/** `ctx{0 8{4}}, secret x` as values: by parameter. */
export function parseParameters(text: string): { secret: boolean; fields: Fields }[] {
  const tokens = text.match(/[{},]|[^\s{},]+/g) ?? []
  let at = 0
  const fieldsOf = (): Fields => {
    const fields = new Map<number, { bytes: number; fields: Fields }>()
    if (tokens[at] !== '{') return fields
    for (at++; tokens[at] !== '}'; ) {
      const [offset, bytes = '4'] = tokens[at++]!.split(':')
      if (!/^\d+$/.test(offset!) || !/^\d+$/.test(bytes)) throw new Error(`not an offset: ${tokens[at - 1]} in ${text}`)
      fields.set(Number(offset), { bytes: Number(bytes), fields: fieldsOf() })
    }
    at++
    return fields
  }
  const parameters: { secret: boolean; fields: Fields }[] = []
  while (at < tokens.length) {
    const isSecret = tokens[at] === 'secret'
    at += isSecret ? 2 : 1
    parameters.push({ secret: isSecret, fields: fieldsOf() })
    if (at < tokens.length && tokens[at++] !== ',') throw new Error(`a comma is missing in ${text}`)
  }
  return parameters
}
