import type { StepExit } from '@waggle/domain'

/** `timeout`: it was ended because it took longer than its own timeout.
 *  `lost`: the log's sink failed for good, so this worker cannot go on with the stage. */
export type StepEnd =
  | { readonly kind: 'exit'; readonly exit: StepExit }
  | { readonly kind: 'timeout'; readonly exit: StepExit; readonly text: string }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'lost'; readonly error: unknown }
