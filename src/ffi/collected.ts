// What becomes of an object that nothing refers to any more. Some edge runtimes have neither weak references nor a registry: there its
// memory in the instance goes with the instance.

/** `collected?.register(object, owned)` has `owned` freed when `object` is collected. `owned` must not refer to `object`. */
export const collected = typeof FinalizationRegistry === 'undefined' ? undefined
  : new FinalizationRegistry<{ free(): void }>((owned) => owned.free())

/** As `WeakRef`, which it is where the platform has that. */
export interface Weak<T> { deref(): T | undefined }

/** A reference that does not keep `object` alive. */
export function weakly<T extends object>(object: T): Weak<T> {
  return typeof WeakRef === 'undefined' ? { deref: () => object } : new WeakRef(object)
}
