import type { Hook, Repo, Stores } from '@waggle/domain'

/** Whether somebody approved a fork's pull request as it is: the same request, head commit, target branch and pipeline
 *  text (threats.md T-01). Of a protected repository no approval lasts: it wants a signature. */
export const isApproved = async (
  { builds }: Pick<Stores, 'builds'>,
  repo: Pick<Repo, 'id' | 'protected'>,
  { event, ref, after, target, fork }: Hook,
  manifest: string,
): Promise<boolean> => {
  if (event !== 'pull_request' || repo.protected || after === '' || fork === '') return false
  const approved = await builds.findApproved(repo.id, { ref, after, target, sourceRepo: fork })
  return approved !== null && (await builds.findManifest(approved.id)) === manifest
}
