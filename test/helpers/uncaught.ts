// A program that lives on after an uncaught exception.

/** What is thrown uncaught while `body` runs. It is not told to Vitest. */
export async function uncaughtDuring(body: () => Promise<unknown>): Promise<unknown[]> {
  const caught: unknown[] = []
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => caught.push(error))
  try {
    await body()
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
  }
  return caught
}
