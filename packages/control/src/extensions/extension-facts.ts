import type { ExtensionFacts, Hook } from '@waggle/domain'
import { newBuild } from '../trigger/new-build.ts'
import type { SubmitRequest } from '../trigger/submit-request.ts'

/** What extensions are told of a build that is not stored yet: all that is known of it, but neither id nor number
 *  (scheduling.md §3.5). */
export const extensionFacts = (
  { repo, cloneUrl }: Pick<SubmitRequest, 'repo' | 'cloneUrl'>,
  hook: Hook,
): ExtensionFacts => ({
  repo,
  build: {
    ...newBuild(repo, hook, { number: 0, cloneUrl, error: null, nowMs: 0 }),
    id: 0,
    createdAt: 0,
    updatedAt: 0,
    version: 0,
  },
})
