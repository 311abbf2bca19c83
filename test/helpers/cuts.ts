// What the lists of wasm/trim take out, read from OpenSSL's own files and from what becomes of them: a new line in a list is known here.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const repository = join(import.meta.dirname, '../..')
let folder: string | undefined

/** OpenSSL's source as it is compiled. */
export function opensslSource(): string {
  folder ??= join(execFileSync(join(repository, 'openssl-src/build.sh'), { encoding: 'utf8' }).trim(), 'source')
  return folder
}

/** The files that the lists change when they are compiled. */
export function editedFiles(): string[] {
  const trim = join(repository, 'wasm/trim')
  const lists = readdirSync(trim).filter((name) => name.endsWith('.list') && name !== 'headers.list')
  return lists.flatMap((list) => [...readFileSync(join(trim, list), 'utf8').matchAll(/^file (\S+)/gm)].map(([, path]) => path!))
}

/** A file as it is, and as the lists leave it. */
export function beforeAndAfter(path: string): [before: string, after: string] {
  return [readFileSync(join(opensslSource(), path), 'utf8'), readFileSync(join(repository, 'build/trim', path), 'utf8')]
}

/** What `pattern` finds in a file of OpenSSL's and no more in the edited one: its groups, separated by blanks. */
export function cutFrom(path: string, pattern: RegExp): string[] {
  const [before, after] = beforeAndAfter(path).map((text) => [...text.matchAll(pattern)].map((match) => match.slice(1).join(' ')))
  const left = new Set(after)
  return [...new Set(before)].filter((one) => !left.has(one))
}

export interface ObjectIdentifier {
  readonly shortName: string
  readonly longName: string
  readonly der: Buffer | undefined
}

/** OpenSSL's object identifiers before the cuts, by the names of their numbers, without `NID_`. */
export function objectIdentifiers(): Map<string, ObjectIdentifier> {
  const text = readFileSync(join(opensslSource(), 'crypto/objects/obj_dat.h'), 'utf8')
  const octets = text.slice(0, text.indexOf('nid_objs['))
  const bytes = Buffer.from([...octets.matchAll(/0x([0-9A-F]{2}),/g)].map(([, hex]) => parseInt(hex!, 16)))
  const rows = text.matchAll(/^ +\{"([^"]+)", "([^"]+)", NID_(\w+)(?:, (\d+), &so\[(\d+)\])?\}/gm)
  return new Map([...rows].map(([, shortName, longName, nid, length, at]) => {
    const body = bytes.subarray(Number(at), Number(at) + Number(length))
    const der = length === undefined ? undefined : Buffer.concat([Buffer.of(6, body.length), body])
    return [nid!, { shortName: shortName!, longName: longName!, der }]
  }))
}

/** The value of a number that one of these headers of OpenSSL's defines, or of a sum of them; `undefined` if it is none. */
export function headerNumber(name: string, headers: readonly string[]): number | undefined {
  if (/^(0x[\da-f]+|-?\d+)$/i.test(name)) return Number(name)
  for (const header of headers) {
    const text = readFileSync(join(opensslSource(), '../include', header), 'utf8')
    const [, value] = new RegExp(`^# *define +${name} +(.+?)\\s*(?:/\\*.*)?$`, 'm').exec(text) ?? []
    if (value === undefined) continue
    const parts = value.replace(/[()]/g, '').split(/[+|]/).map((part) => headerNumber(part.trim(), headers))
    return parts.every((part) => part !== undefined) ? parts.reduce((sum, part) => sum + part) : undefined
  }
  return undefined
}
