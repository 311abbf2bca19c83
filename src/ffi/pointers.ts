// Addresses in linear memory that cannot be mistaken for one another.

declare const pointee: unique symbol
declare const owned: unique symbol

/** An address of a C type named as in lsw.h. */
export type Ptr<T extends string> = number & { readonly [pointee]: T }

/** An address whose holder must free it, once. */
export type Owned<T extends string> = Ptr<T> & { readonly [owned]: true }

/** C's NULL, where the ABI allows it. */
export const NULL = 0 as Ptr<never> & Owned<never>
