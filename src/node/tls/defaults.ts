// What users may assign: `tls.DEFAULT_MIN_VERSION = …`, `tls.createSecureContext = …`. The exports are one object, and all parts of the
// face ask that object.

import type * as NodeTls from 'node:tls'

/** The exports of this module, by index.ts. */
export const exported = {} as Exported

export type Exported = {
  -readonly [Name in keyof typeof NodeTls]: (typeof NodeTls)[Name]
}
