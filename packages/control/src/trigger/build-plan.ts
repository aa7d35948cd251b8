import type { Stage } from '@waggle/domain'
import type { PlannedStage, SkippedStage } from '@waggle/pipeline'

/** What to store: stages, or the reason why there are none. `text` is the manifest that it came from. */
export type BuildPlan =
  | {
      readonly kind: 'stages'
      readonly stages: readonly PlannedStage[]
      readonly skipped: readonly SkippedStage[]
      readonly text: string
      /** Whether the text has the repository's signature; looked at only where it matters. */
      readonly isSigned: boolean
      /** Somebody has to approve it, whoever it is from: the validation extension said so. */
      readonly isBlocked?: boolean
    }
  /** The stages of a build that is over, again: those that passed as they are, the others to be run. */
  | {
      readonly kind: 'again'
      readonly stages: readonly Stage[]
      readonly skipped: readonly SkippedStage[]
      readonly text: string
    }
  | { readonly kind: 'error'; readonly error: string; readonly text: string }
