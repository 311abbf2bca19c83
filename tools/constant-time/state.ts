// What locals, the stack pointer and the stack in linear memory hold at one place of a function.

import { equal, join, PUBLIC, type Value } from './values.js'

/** Written at an address that is not exact: any word from `from` up to `to` may hold it. */
interface Smear { readonly from: number; readonly to: number; readonly value: Value }

/** Offsets on the stack are those from where it stood when the first function was called: below 0. */
export class State {
  locals: Value[]
  stackPointer: Value
  readonly #words: Map<number, Value>
  #smears: readonly Smear[]
  readonly #declared: (word: number) => boolean

  /** @param declared which words hold what is public, and are no part of the arrays beside them */
  constructor(
    locals: Value[], stackPointer: Value, declared: (word: number) => boolean, words = new Map<number, Value>(),
    smears: readonly Smear[] = [],
  ) {
    this.locals = locals
    this.stackPointer = stackPointer
    this.#declared = declared
    this.#words = words
    this.#smears = smears
  }

  copy(): State {
    return new State([...this.locals], this.stackPointer, this.#declared, new Map(this.#words), this.#smears)
  }

  /** @param to the end of the frame, for an address that is not exact */
  read(offset: number, bytes: number, exact: boolean, to: number): Value {
    if (exact && bytes === 4 && offset % 4 === 0) return this.#word(offset)
    let value: Value | undefined
    const take = (one: Value) => { value = value === undefined ? one : join(value, one) }
    if (exact) for (let word = Math.floor(offset / 4) * 4; word < offset + bytes; word += 4) take(this.#word(word))
    else {
      for (const [word, one] of this.#words) if (word + 4 > offset && word < to) take(one)
      for (const smear of this.#smears) if (smear.to > offset && smear.from < to) take(smear.value)
    }
    const { secret } = value ?? PUBLIC
    return secret === undefined ? PUBLIC : { ...PUBLIC, secret } // parts of an address are none
  }

  #word(word: number): Value {
    const known = this.#words.get(word)
    if (known) return known
    if (this.#declared(word)) return PUBLIC
    let value: Value | undefined
    for (const smear of this.#smears) {
      if (word + 4 > smear.from && word < smear.to) value = value === undefined ? smear.value : join(value, smear.value)
    }
    return value ?? PUBLIC // never written
  }

  write(offset: number, bytes: number, value: Value): void {
    if (bytes === 4 && offset % 4 === 0) return void this.#words.set(offset, value)
    const part = value.secret === undefined ? PUBLIC : { ...PUBLIC, secret: value.secret }
    for (let word = Math.floor(offset / 4) * 4; word < offset + bytes; word += 4) {
      const whole = word >= offset && word + 4 <= offset + bytes
      this.#words.set(word, whole ? part : join(this.#word(word), part))
    }
  }

  /** A write to any place from `from` up to `to`. */
  smear(from: number, to: number, value: Value): void {
    for (const [word, old] of this.#words) {
      if (word + 4 > from && word < to && !this.#declared(word)) this.#words.set(word, join(old, value))
    }
    this.#addSmear({ from, to, value: value.secret === undefined ? PUBLIC : { ...PUBLIC, secret: value.secret } })
  }

  #addSmear(smear: Smear): void {
    const covered = this.#smears.some(
      (old) => old.from <= smear.from && old.to >= smear.to && (old.value.secret !== undefined || smear.value.secret === undefined),
    )
    if (!covered) this.#smears = [...this.#smears, smear]
  }

  /** Whether this state changed. */
  joinWith(other: State): boolean {
    let changed = false
    const put = (old: Value, one: Value, set: (value: Value) => void) => {
      const joined = join(old, one)
      if (equal(joined, old)) return
      changed = true
      set(joined)
    }
    for (const [index, value] of other.locals.entries()) put(this.locals[index]!, value, (joined) => { this.locals[index] = joined })
    put(this.stackPointer, other.stackPointer, (joined) => { this.stackPointer = joined })
    for (const word of new Set([...this.#words.keys(), ...other.#words.keys()])) {
      const [mine, theirs] = [this.#words.get(word), other.#words.get(word)]
      if (mine && theirs) put(mine, theirs, (joined) => this.#words.set(word, joined))
      // A word that one side has not written holds nothing there, or what was smeared.
      else if (theirs) put(this.#word(word), theirs, (joined) => this.#words.set(word, joined))
      else if (mine) put(mine, other.#word(word), (joined) => this.#words.set(word, joined))
    }
    const before = this.#smears
    for (const smear of other.#smears) this.#addSmear(smear)
    return changed || this.#smears !== before
  }
}
