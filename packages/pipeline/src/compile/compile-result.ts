import type { Spec } from '@waggle/domain'

/** A compiled stage, or the text of the stage's error. Warnings are for the worker's log and for people. */
export type CompileResult =
  | { readonly kind: 'spec'; readonly spec: Spec; readonly warnings: readonly string[] }
  | { readonly kind: 'error'; readonly message: string }
