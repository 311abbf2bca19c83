// Contexts in worker mode: the options of a context cross once.

/** With its options, and the names of its callbacks, when the worker hears of it first. */
export interface PostedContext {
  readonly id: number
  /** Those of its options that change with time: ticket keys. */
  readonly current: Readonly<Record<string, unknown>>
  readonly options?: Readonly<Record<string, unknown>>
  readonly callbacks?: readonly string[]
}

/** Page to worker, over the worker itself: a context is not needed any more. */
export interface FreeContext {
  readonly type: 'free context'
  readonly id: number
}

/** A worker, as contexts on the page know it. */
export interface ContextReceiver {
  /** The numbers of the contexts that the worker was told of. */
  readonly ids: WeakMap<object, number>
  lastId: number
  free(id: number): void
  /** To be called when the worker has ended: contexts that live on are not to keep it in memory. */
  readonly forgets: Set<() => void>
}
