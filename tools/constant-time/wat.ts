// Functions of a .wasm as Binaryen's wasm-dis writes them: expressions within expressions.

export interface Expression {
  /** For example `i32.load`. */
  readonly op: string
  /** What follows it and is no expression: `offset=4`, `$3`, a number. */
  readonly words: readonly string[]
  readonly children: readonly Expression[]
  readonly line: number
}

export interface WasmFunction {
  readonly name: string
  readonly params: number
  /** All of them: parameters first. By name, where each is. */
  readonly locals: ReadonlyMap<string, number>
  readonly body: readonly Expression[]
}

/** Functions by name, parsed when they are asked for. */
export class Disassembly {
  readonly #lines: readonly string[]
  /** By wasm-dis's name: the line it begins at. */
  readonly #starts = new Map<string, number>()
  readonly #names = new Map<string, string>()
  readonly #byName = new Map<string, string>()
  readonly #parsed = new Map<string, WasmFunction>()

  /**
   * @param text what wasm-dis wrote
   * @param symbols lines of `number:name`, as emcc's --emit-symbol-map has them; without them functions keep their names
   */
  constructor(text: string, symbols?: string) {
    this.#lines = text.split('\n')
    const ids: string[] = []
    for (const [index, line] of this.#lines.entries()) {
      const imported = /^ \(import .*\(func (\$\S+)/.exec(line)
      const defined = /^ \(func (\$\S+)/.exec(line)
      const id = imported?.[1] ?? defined?.[1]
      if (id === undefined) continue
      ids.push(id.replace(/\)+$/, ''))
      if (defined) this.#starts.set(ids.at(-1)!, index)
    }
    const numbered =
      new Map(symbols?.trimEnd().split('\n').map((line) => [Number(line.split(':', 1)[0]), line.slice(line.indexOf(':') + 1)]))
    for (const [number, id] of ids.entries()) {
      const name = symbols === undefined ? id.slice(1) : numbered.get(number) ?? id
      this.#names.set(id, name)
      // Static functions may share a name in the symbol map: then only their numbers tell them apart.
      if (this.#byName.has(name)) this.#byName.set(name, '')
      else this.#byName.set(name, id)
    }
  }

  /** Whether there is one function of this name. */
  has(name: string): boolean {
    return this.#starts.has(this.#byName.get(name) ?? '')
  }

  /** Undefined for what is imported. @param id as in `call` */
  byId(id: string): WasmFunction | undefined {
    const start = this.#starts.get(id)
    if (start === undefined) return undefined
    let found = this.#parsed.get(id)
    if (!found) this.#parsed.set(id, found = this.#parse(id, start))
    return found
  }

  byName(name: string): WasmFunction {
    const found = this.byId(this.#byName.get(name) ?? '')
    if (!found) throw new Error(`there is no function ${name} in the .wasm, or there are several`)
    return found
  }

  nameOf(id: string): string {
    return this.#names.get(id) ?? id
  }

  #parse(id: string, start: number): WasmFunction {
    let end = start + 1
    while (this.#lines[end] !== ' )') end++
    const [func] = parse(this.#lines.slice(start, end + 1), start + 1)
    const locals = new Map<string, number>()
    let params = 0
    const body: Expression[] = []
    for (const child of func!.children) {
      if (child.op === 'param' || child.op === 'local') locals.set(child.words[0]!, locals.size)
      if (child.op === 'param') params++
      else if (!['local', 'result', 'type'].includes(child.op)) body.push(child)
    }
    return { name: this.nameOf(id), params, locals, body }
  }
}

/** @param first the number of the first line */
function parse(lines: readonly string[], first: number): Expression[] {
  type Open = { op: string; words: string[]; children: Expression[]; line: number }
  const top: Open = { op: '', words: [], children: [], line: first }
  const open: Open[] = [top]
  for (const [index, line] of lines.entries()) {
    for (const [token] of line.matchAll(/;;.*|"(?:\\.|[^"\\])*"|[()]|[^\s()]+/g)) {
      const innermost = open.at(-1)!
      if (token.startsWith(';;')) continue
      if (token === '(') {
        const begun: Open = { op: '', words: [], children: [], line: first + index }
        innermost.children.push(begun)
        open.push(begun)
      } else if (token === ')') open.pop()
      else if (innermost.op === '') innermost.op = token
      else innermost.words.push(token)
    }
  }
  return top.children
}
