// Carries one stream into another, as pipeTo() does, except that giving up does not wait for a write that is under way.

export interface Carrying {
  /** When the end has been passed on; rejects with what went wrong, after both streams have been told. */
  readonly done: Promise<void>
  giveUp(reason: unknown): void
}

export function carry<T>(from: ReadableStream<T>, to: WritableStream<T>): Carrying {
  const reader = from.getReader()
  const writer = to.getWriter()
  const giveUp = (reason: unknown) => {
    reader.cancel(reason).catch(() => {})
    writer.abort(reason).catch(() => {})
  }
  let failure: { readonly error: unknown } | undefined
  const fail = (error: unknown) => {
    failure ??= { error }
    giveUp(error)
  }
  // While nothing is read, nothing else would tell.
  writer.closed.catch(fail)
  const all = async () => {
    try {
      for (let result; !(result = await reader.read()).done;) await writer.write(result.value)
      if (!failure) await writer.close()
    } catch (error) {
      fail(error)
    }
    if (failure) throw failure.error
  }
  const done = all()
  done.catch(() => {})
  return { done, giveUp }
}
