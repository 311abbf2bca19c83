// Follows secrets through a function of the .wasm and those that it calls: each place where one decides an address, or which way the
// program goes, is a finding. What is read from memory is secret, unless the list says otherwise, or it is known from the stack of the
// function, or it has a constant address: kernels have no variables that hold secrets, and storing one there is a finding.
// Long because it knows each kind of instruction.
//
// What it takes for granted: addresses that the list calls public stay within what they point to.

import { parseParameters, type Fields, type FindingKind, type Parameters } from './list.js'
import { State } from './state.js'
import { join, mixed, number, pointer, PUBLIC, secret, sum, type Value } from './values.js'
import type { Disassembly, Expression, WasmFunction } from './wat.js'

export interface Finding {
  readonly kind: FindingKind
  readonly function: string
  readonly line: number
  /** Where the secret comes from. */
  readonly from: string
}

export interface Surroundings {
  readonly code: Disassembly
  readonly notFollowed: Readonly<Record<string, { readonly gives: 'public' | 'secret' }>>
  /** Where one of them is called, what it is given on the stack has the public fields that the list says. */
  readonly roots: Readonly<Record<string, Parameters>>
  readonly stackFields: Readonly<Record<string, readonly number[]>>
}

/** What is found in the function `name` and those that it calls, by place; and which they are. */
export function analyze(
  surroundings: Surroundings, name: string, parameters: Parameters,
): { findings: Map<Expression, Finding>; followed: Set<string> } {
  const analysis = new Analysis(surroundings, name, parameters)
  analysis.run()
  return analysis
}

interface Label { readonly name: string | undefined; readonly loop: boolean; arrived: State | undefined; value: Value | undefined }

/** Of one call: where its branches may go, and what has been returned. */
interface Frame { readonly wasm: WasmFunction; readonly labels: Label[]; returned: State | undefined; result: Value | undefined }

class Analysis {
  readonly findings = new Map<Expression, Finding>()
  readonly followed = new Set<string>()
  readonly #surroundings: Surroundings
  readonly #root: WasmFunction
  readonly #parameters: ReturnType<typeof parseParameters>
  readonly #regions = new Map<string, Fields>()
  readonly #frames: Frame[] = []
  /** Where the stack pointer stood when each frame began. */
  readonly #frameTops: number[] = []
  /** Words of the stack, as {@link #nameOf} has them. */
  readonly #declared: Set<string>
  /** Undefined where the program does not come. */
  #state: State | undefined

  constructor(surroundings: Surroundings, name: string, parameters: Parameters) {
    this.#surroundings = surroundings
    this.#declared = new Set(Object.entries(surroundings.stackFields).flatMap(([of, words]) => words.map((word) => `${of} ${word}`)))
    this.#root = surroundings.code.byName(name)
    this.#parameters = parseParameters(parameters)
    if (this.#parameters.length !== this.#root.params) {
      throw new Error(`${name} has ${this.#root.params} parameters, the list has ${this.#parameters.length}`)
    }
  }

  /** Again, until it is known which words of the stack are fields that the list calls public. */
  run(): void {
    for (let known = -1; known !== this.#declared.size; ) {
      known = this.#declared.size
      this.findings.clear()
      this.#once()
    }
  }

  #once(): void {
    const values = this.#parameters.map(({ secret: isSecret, fields }, index) => {
      if (isSecret) return secret(`parameter ${index}`)
      this.#regions.set(`parameter ${index}`, fields)
      return pointer(`parameter ${index}`, 0)
    })
    this.#state = new State([], pointer('stack', 0), (word) => this.#declared.has(this.#nameOf(word)))
    this.#call(this.#root, values, undefined)
  }

  #find(kind: FindingKind, at: Expression, value: Value): void {
    if (value.secret === undefined || this.findings.has(at)) return
    this.findings.set(at, { kind, function: this.#frames.at(-1)!.wasm.name, line: at.line, from: value.secret })
  }

  #call(wasm: WasmFunction, values: readonly Value[], at: Expression | undefined): Value {
    const state = this.#state!
    if (at && this.#frames.some((frame) => frame.wasm === wasm)) {
      this.#find('recursion', at, secret(wasm.name))
      return secret('recursion')
    }
    this.followed.add(wasm.name)
    const { locals, stackPointer } = state
    state.locals = [...values, ...Array.from({ length: wasm.locals.size - values.length }, () => number(0))]
    this.#frames.push({ wasm, labels: [], returned: undefined, result: undefined })
    this.#frameTops.push(stackPointer.region === 'stack' ? stackPointer.offset : 0)
    const last = this.#sequence(wasm.body)
    if (this.#state) this.#return(last)
    const { returned, result } = this.#frames.pop()!
    this.#frameTops.pop()
    this.#state = returned
    if (returned) {
      returned.locals = locals
      returned.stackPointer = stackPointer
    }
    return result ?? PUBLIC
  }

  #return(value: Value | undefined): void {
    const frame = this.#frames.at(-1)!
    if (value) frame.result = frame.result ? join(frame.result, value) : value
    if (frame.returned) frame.returned.joinWith(this.#state!)
    else frame.returned = this.#state
    this.#state = undefined
  }

  /** The value of the last. */
  #sequence(expressions: readonly Expression[]): Value | undefined {
    let value: Value | undefined
    for (const expression of expressions) {
      if (!this.#state) break
      value = this.#evaluate(expression)
    }
    return value
  }

  #evaluate(at: Expression): Value | undefined {
    const { op, words, children } = at
    switch (op) {
      case 'block': return this.#block(at)
      case 'loop': return this.#loop(at)
      case 'if': return this.#if(at)
      case 'then': case 'else': return this.#sequence(children)
      case 'br': case 'br_if': case 'br_table': return this.#branch(at)
    }
    const operands: Value[] = []
    for (const child of children) {
      if (child.op === 'type' || child.op === 'result') continue
      const value = this.#evaluate(child)
      if (!this.#state) return undefined
      if (value) operands.push(value)
    }
    const state = this.#state!
    const local = () => this.#frames.at(-1)!.wasm.locals.get(words[0]!)!
    switch (op) {
      case 'local.get': return state.locals[local()]!
      case 'local.set': case 'local.tee': return state.locals[local()] = operands[0]!
      case 'global.get': return words[0] === STACK_POINTER ? state.stackPointer : PUBLIC
      case 'global.set':
        if (words[0] === STACK_POINTER) state.stackPointer = operands[0]!
        return undefined
      case 'i32.const': return number(Number(words[0]))
      case 'i32.add': return sum(operands[0]!, operands[1]!, 1)
      case 'i32.sub': return sum(operands[0]!, operands[1]!, -1)
      // The compiler adds by it where the lowest bits are known to be zero.
      case 'i32.or': return operands[0]!.region !== 'static' && operands[1]!.region === 'static'
        ? sum(operands[0]!, operands[1]!, 1) : mixed(operands)
      case 'i32.and': return this.#aligned(operands)
      case 'select':
        this.#find('select', at, operands[2]!)
        return operands[2]!.secret === undefined ? join(operands[0]!, operands[1]!) : mixed(operands)
      case 'return': this.#return(operands[0]); return undefined
      case 'unreachable': this.#state = undefined; return undefined
      case 'call': return this.#callTo(at, operands)
      case 'call_indirect':
        // OPENSSL_cleanse calls memset by a variable, so that the compiler does not leave it out.
        if (operands.length === 4 && operands[1]!.region === 'static' && operands[1]!.offset === 0 && operands[3]!.secret === undefined) {
          this.#find('store', at, mixed([operands[0]!, operands[2]!]))
          this.#storeMany(at, operands[0]!, operands[2]!, operands[1]!)
          return operands[0]!
        }
        this.#find('indirect call', at, secret('a function that is not known'))
        this.#giveAway(operands)
        return secret('an indirect call')
      case 'memory.copy': return this.#copy(at, operands as [Value, Value, Value])
      case 'memory.fill':
        this.#find('store', at, operands[0]!)
        this.#find('store', at, operands[2]!)
        return this.#storeMany(at, operands[0]!, operands[2]!, operands[1]!)
      case 'drop': case 'nop': return undefined
    }
    if (/\.(load|store)/.test(op)) return this.#access(at, operands)
    if (/^[if](32|64)\.(div|rem|sqrt)/.test(op) || /^f\d+x\d+\.(div|sqrt)/.test(op)) this.#find('division', at, mixed(operands))
    if (!/^([if](32|64)|v128|[if]\d+x\d+)\.|^memory\.(size|grow)$/.test(op)) throw new Error(`line ${at.line}: ${op} is not known`)
    return mixed(operands)
  }

  /** An address that is made a multiple of something stays the same for our purposes. */
  #aligned([a, b]: readonly Value[]): Value {
    return a!.region === 'stack' && b!.region === 'static' && b!.offset < 0 && a!.exact
      ? { ...a!, offset: a!.offset & b!.offset } : mixed([a!, b!])
  }

  // --- where the program goes

  #block(at: Expression): Value | undefined {
    const label: Label = { name: at.words[0], loop: false, arrived: undefined, value: undefined }
    const { labels } = this.#frames.at(-1)!
    labels.push(label)
    const value = this.#sequence(at.children.filter((child) => child.op !== 'result'))
    labels.pop()
    return this.#meet(label.arrived, label.value, value)
  }

  /** Goes on from here and from there. */
  #meet(other: State | undefined, theirs: Value | undefined, ours: Value | undefined): Value | undefined {
    if (!this.#state) {
      this.#state = other
      return theirs
    }
    if (!other) return ours
    this.#state.joinWith(other)
    return ours && theirs ? join(ours, theirs) : undefined
  }

  /** Again, until what may be when it begins is all known. */
  #loop(at: Expression): Value | undefined {
    const { labels } = this.#frames.at(-1)!
    const begins = this.#state!
    for (;;) {
      const label: Label = { name: at.words[0], loop: true, arrived: undefined, value: undefined }
      labels.push(label)
      this.#state = begins.copy()
      const value = this.#sequence(at.children.filter((child) => child.op !== 'result'))
      labels.pop()
      if (!label.arrived || !begins.joinWith(label.arrived)) return value
    }
  }

  #if(at: Expression): Value | undefined {
    const [condition, then, otherwise] = at.children.filter((child) => child.op !== 'result')
    // With a label of its own it can be left by a branch.
    const label: Label = { name: at.words[0], loop: false, arrived: undefined, value: undefined }
    const decides = this.#evaluate(condition!)
    if (!this.#state) return undefined
    this.#find('branch', condition!, decides!)
    const { labels } = this.#frames.at(-1)!
    labels.push(label)
    const before = this.#state.copy()
    const first = this.#evaluate(then!)
    const after = this.#state
    this.#state = before
    const second = otherwise ? this.#evaluate(otherwise) : undefined
    labels.pop()
    const value = this.#meet(after, first, second)
    return this.#meet(label.arrived, label.value, value)
  }

  #branch({ op, words, children, line }: Expression): Value | undefined {
    const values: Value[] = []
    for (const child of children) {
      const value = this.#evaluate(child)
      if (!this.#state) return undefined
      if (value) values.push(value)
    }
    if (op !== 'br') this.#find(op === 'br_if' ? 'branch' : 'table branch', children.at(-1)!, values.pop()!)
    const [value] = values
    const { labels } = this.#frames.at(-1)!
    for (const target of new Set(words)) {
      const label = labels.findLast((one) => one.name === target)
      if (!label) throw new Error(`line ${line}: there is no label ${target}`)
      if (label.arrived) label.arrived.joinWith(this.#state!)
      else label.arrived = this.#state!.copy()
      if (value) label.value = label.value ? join(label.value, value) : value
    }
    if (op !== 'br_if') this.#state = undefined
    return value
  }

  #callTo(at: Expression, operands: readonly Value[]): Value {
    const { code, notFollowed, roots } = this.#surroundings
    const name = code.nameOf(at.words[0]!)
    const known = notFollowed[name]
    if (known) {
      this.#giveAway(operands)
      return known.gives === 'public' ? PUBLIC : secret(name)
    }
    const fields = roots[name] === undefined ? [] : parseParameters(roots[name])
    for (const [index, { region, offset, exact }] of operands.entries()) {
      if (region !== 'stack' || !exact) continue
      for (const [start, { bytes }] of fields[index]?.fields ?? []) {
        for (let word = offset + start; word < offset + start + bytes; word += 4) this.#declared.add(this.#nameOf(word))
      }
    }
    const wasm = code.byId(at.words[0]!)
    if (!wasm) throw new Error(`line ${at.line}: ${name} is imported`)
    return this.#call(wasm, operands, at)
  }

  /** A function that is not followed may write where it is pointed to. */
  #giveAway(operands: readonly Value[]): void {
    for (const { region, offset } of operands) {
      if (region === 'stack' || region === 'anywhere') {
        this.#state!.smear(offset, this.#frameEnd(offset), secret('a function that is not followed'))
      }
    }
  }

  // --- memory

  #access(at: Expression, operands: readonly Value[]): Value | undefined {
    const { op, words } = at
    const store = op.includes('.store')
    const shift = Number(words.find((word) => word.startsWith('offset='))?.slice(7) ?? 0)
    const [given, ...others] = operands
    this.#find(store ? 'store' : 'load', at, given!)
    const address = sum(given!, number(shift), 1)
    if (store) return this.#store(at, address, bytesOf(op), others[0]!)
    const loaded = this.#load(at, address, bytesOf(op))
    return others.length > 0 ? mixed([loaded, ...others]) : loaded
  }

  #load(at: Expression, { region, offset, exact, secret: from }: Value, bytes: number): Value {
    if (from !== undefined) return secret(from)
    if (region === 'stack') return this.#state!.read(offset, bytes, exact, this.#frameEnd(offset))
    if (region === 'static') return PUBLIC
    const what = `${region === undefined ? 'memory' : `what ${region} points to, at ${exact ? '' : 'least '}${offset}`}, line ${at.line}`
    if (region === undefined || region === 'anywhere' || !exact) return secret(what)
    for (const [start, { bytes: size, fields }] of this.#regions.get(region) ?? []) {
      if (offset < start || offset + bytes > start + size) continue
      const behind = `${region}.${start}`
      this.#regions.set(behind, fields)
      return bytes === 4 && size === 4 ? pointer(behind, 0) : PUBLIC
    }
    return secret(what)
  }

  #store(at: Expression, address: Value, bytes: number, value: Value): undefined {
    const { region, offset, exact } = address
    if (region === 'stack' || region === 'anywhere') {
      if (exact && value.secret !== undefined && this.#declared.has(this.#nameOf(offset))) this.#find('public field', at, value)
      else if (exact) this.#state!.write(offset, bytes, value)
      else this.#state!.smear(offset, this.#frameEnd(offset), value)
    } else if (region === 'static' && offset >= FIRST_VARIABLE) this.#find('public field', at, value)
    else if (region !== undefined && exact) {
      for (const [start, { bytes: size }] of this.#regions.get(region) ?? []) {
        if (offset < start + size && offset + bytes > start) this.#find('public field', at, value)
      }
    }
    return undefined
  }

  #storeMany(at: Expression, to: Value, length: Value, value: Value): undefined {
    if (to.region !== 'stack' && to.region !== 'anywhere') return to.region === 'static' ? this.#store(at, to, 1, value) : undefined
    if (to.exact && length.region === 'static') this.#state!.write(to.offset, length.offset, value)
    else this.#state!.smear(to.offset, this.#frameEnd(to.offset), value)
    return undefined
  }

  #copy(at: Expression, [to, from, length]: readonly [Value, Value, Value]): undefined {
    this.#find('store', at, to)
    this.#find('load', at, from)
    this.#find('load', at, length)
    const state = this.#state!
    if (from.region === 'stack' && to.region === 'stack' && from.exact && to.exact && length.region === 'static') {
      const words = Array.from({ length: Math.ceil(length.offset / 4) }, (_, index) => state.read(from.offset + 4 * index, 4, true, 0))
      for (const [index, word] of words.entries()) state.write(to.offset + 4 * index, 4, word)
      return undefined
    }
    const bytes = length.region === 'static' ? length.offset : 1 << 20
    return this.#storeMany(at, to, length, this.#load(at, from, bytes))
  }

  /** A word of the stack by the function whose frame it is in. */
  #nameOf(offset: number): string {
    const index = Math.max(0, this.#frameTops.findLastIndex((top) => top > offset))
    return `${this.#frames[index]?.wasm.name} ${offset - this.#frameTops[index]!}`
  }

  /** Where the frame ends that an offset of the stack is in. */
  #frameEnd(offset: number): number {
    return offset === -Infinity ? 0 : this.#frameTops.findLast((top) => top > offset) ?? 0
  }
}

/** Below are no variables: it is a null pointer where the compiler cannot know that it is not used. */
const FIRST_VARIABLE = 1024
const STACK_POINTER = '$global$0'

/** How much of memory an instruction reads or writes. */
function bytesOf(op: string): number {
  const [, type, , bits] = /^(\w+)\.(load|store)(\d*)/.exec(op)!
  if (op.includes('x')) return 8 // v128.load8x8_u and its like
  return bits ? Number(bits) / 8 : type === 'v128' ? 16 : Number(type!.slice(1)) / 8
}
