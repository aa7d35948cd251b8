import { isManifestSigned, parseManifest } from '@waggle/pipeline'
import type { ControlDeps } from '../control-deps.ts'
import { openRepoSecret } from '../hand-over/open-repo-secret.ts'
import type { SubmitRequest } from './submit-request.ts'

/** Whether the file has the repository's signature (pipeline.md §4.4): asked only of what a webhook brings to a
 *  protected repository; elsewhere it is not looked at. The text is one that was read in the manifest thread before. */
export const hasSignature = (
  { sealer }: Pick<ControlDeps, 'sealer'>,
  { repo, hook }: Pick<SubmitRequest, 'repo' | 'hook'>,
  text: string,
): boolean => {
  if (!repo.protected || hook.trigger !== '@hook') return false
  const key = openRepoSecret(sealer, repo)
  return key !== null && isManifestSigned(parseManifest(text), key)
}
