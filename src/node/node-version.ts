// Which Node this process is, where Nodes differ; elsewhere the newest is the model.

interface MaybeNode {
  readonly process?: { readonly versions?: { readonly node?: string | undefined } | undefined }
}

/** Whether programs here expect what Node did before that version. */
export function isNodeBefore(major: number): boolean {
  return Number.parseInt((globalThis as MaybeNode).process?.versions?.node ?? String(major), 10) < major
}
