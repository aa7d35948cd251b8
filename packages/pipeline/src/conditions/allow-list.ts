import type { Given } from '@waggle/domain'
import { matchSimpleGlob } from './match-simple-glob.ts'

/** Which stages a worker takes on (pipeline.md §8.5). Empty lists allow everything. */
export interface AllowList {
  readonly isTrustedOnly: boolean
  /** Patterns of slugs, and of events: see `matchSimpleGlob`. */
  readonly repos: readonly string[]
  readonly events: readonly string[]
}

/** Text of the stage's error where the worker may not run it; `null` where it may. */
export const refusalOf = (
  list: AllowList | undefined,
  { repo, build }: Pick<Given, 'repo' | 'build'>,
): string | null => {
  if (list === undefined) return null
  const isAllowed =
    (!list.isTrustedOnly || repo.trusted) &&
    isListed(list.repos, repo.slug) &&
    isListed(list.events, build.event)
  return isAllowed ? null : 'insufficient permission to run the pipeline'
}

const isListed = (patterns: readonly string[], value: string): boolean =>
  patterns.length === 0 || patterns.some((pattern) => matchSimpleGlob(pattern, value))
