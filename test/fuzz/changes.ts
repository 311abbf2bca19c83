// What is done to an input that was well formed. Changes are data that fast-check makes, and makes smaller: places count modulo what
// there is, so that each change means something to each input.

import fc from 'fast-check'
import { concat } from '../../src/base/bytes.js'
import { rawNode, type Format, type TreeNode } from './tree.js'

const treeKinds = ['drop', 'twice', 'swap', 'empty', 'fill', 'graft', 'nest', 'retag', 'lie', 'flip'] as const
const byteKinds = ['set', 'insert', 'delete', 'cut', 'repeat'] as const

export interface Change {
  readonly kind: typeof treeKinds[number] | typeof byteKinds[number]
  readonly at: number
  readonly value: number
  readonly size: number
}

const place = fc.nat(0xffff)
const value = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xfe, 0xff), fc.nat(255))
const size = fc.oneof({ arbitrary: fc.nat(8), weight: 6 }, { arbitrary: fc.nat(300), weight: 3 }, { arbitrary: fc.nat(20_000), weight: 1 })

/** None to six. Those of the tree come before those of the bytes. */
export const changes = fc.array(
  fc.record<Change>({ kind: fc.constantFrom(...treeKinds, ...byteKinds), at: place, value, size }), { maxLength: 6 },
)

/** `original`, changed. */
export function applyChanges(original: Uint8Array, format: Format, list: readonly Change[]): Uint8Array<ArrayBuffer> {
  const ofTree = list.filter(({ kind }) => (treeKinds as readonly string[]).includes(kind))
  const tree = ofTree.length > 0 ? format.read(original) : undefined
  if (tree) for (const one of ofTree) changeTree(tree, one)
  return list.filter((one) => !ofTree.includes(one)).reduce(changeBytes, Uint8Array.from(tree ? format.write(tree) : original))
}

/** Each node with those beside it, from the root down. */
function places(siblings: TreeNode[]): { siblings: TreeNode[]; index: number }[] {
  return siblings.flatMap(({ content }, index) => [{ siblings, index }, ...(content instanceof Uint8Array ? [] : places(content))])
}

function changeTree(tree: TreeNode[], { kind, at, value, size }: Change): void {
  const all = places(tree)
  if (all.length === 0) return
  const { siblings, index } = all[at % all.length]!
  const node = siblings[index]!
  const copy = () => structuredClone(node)
  switch (kind) {
    case 'drop': siblings.splice(index, 1); break
    case 'twice': for (let more = 1 + size % 40; more > 0; more--) siblings.splice(index, 0, copy()); break
    case 'swap': siblings.splice(index, 1, ...siblings.splice((index + 1) % siblings.length, 1, node)); break
    case 'empty': node.content = new Uint8Array(); break
    case 'fill': node.content = new Uint8Array(size).fill(value); break
    case 'graft': {
      const other = all[size % all.length]!
      const { content } = structuredClone(other.siblings[other.index]!)
      node.content = content
      break
    }
    case 'nest': for (let more = 1 + size % 1000; more > 0; more--) siblings[index] = { ...node, content: [siblings[index]!] }; break
    case 'retag': if (node.tag.length > 0) node.tag =
      node.tag.map((byte, place) => (place === size % node.tag.length ? value : byte)); break
    case 'lie': node.lie = size - value; break
    case 'flip':
      if (node.content instanceof Uint8Array) node.content = changeBytes(node.content, { kind: 'set', at: size, value, size })
      else node.content.push(rawNode(Uint8Array.of(value)))
      break
  }
}

function changeBytes(bytes: Uint8Array, { kind, at, value, size }: Change): Uint8Array<ArrayBuffer> {
  const where = bytes.byteLength === 0 ? 0 : at % bytes.byteLength
  const [before, after] = [bytes.subarray(0, where), bytes.subarray(where)]
  switch (kind) {
    case 'insert': return concat([before, new Uint8Array(size).fill(value), after])
    case 'delete': return concat([before, after.subarray(Math.min(after.byteLength, 1 + size))])
    case 'cut': return concat([before])
    case 'repeat': return concat([before, ...Array<Uint8Array>(1 + value % 8).fill(after.subarray(0, 1 + size)), after])
    default: return Uint8Array.from(bytes, (byte, index) => (index === where ? value : byte))
  }
}
