import { invalid, makeHook, type Repo } from '@waggle/domain'
import { formatIssues, parseManifest, sealSecretData, signManifest } from '@waggle/pipeline'
import type { ControlDeps } from '../control-deps.ts'
import { openRepoSecret } from '../hand-over/open-repo-secret.ts'

/** The signature of a pipeline file for a repository (pipeline.md §4.4). Throws `invalid`: `repo_unkeyed` without a
 *  key of the repository's, `manifest_invalid` for a file that does not parse. */
export const signFile = async (
  { sealer, manifests }: Pick<ControlDeps, 'sealer' | 'manifests'>,
  repo: Pick<Repo, 'uid' | 'slug' | 'secretSealed' | 'throttle'>,
  text: string,
): Promise<string> => {
  const key = keyOf(sealer, repo)
  const { slug, throttle } = repo
  const question = { text, hook: makeHook({ event: 'push' }), repo: { slug, throttle } }
  const { refusal } = await manifests.plan(question)
  if (refusal !== null) throw invalid('manifest_invalid', refusal)
  const manifest = parseManifest(text)
  if (manifest.issues.length > 0) throw invalid('manifest_invalid', formatIssues(manifest.issues))
  return signManifest(manifest, key)
}

/** The `data` of a `kind: secret` document for a repository (pipeline.md §4.5). Throws `invalid` `repo_unkeyed`. */
export const encryptForFile = (
  { sealer }: Pick<ControlDeps, 'sealer'>,
  repo: Pick<Repo, 'uid' | 'secretSealed'>,
  plain: string,
): string => sealSecretData(plain, keyOf(sealer, repo))

const keyOf = (sealer: ControlDeps['sealer'], repo: Pick<Repo, 'uid' | 'secretSealed'>): string => {
  const key = openRepoSecret(sealer, repo)
  if (key === null) throw invalid('repo_unkeyed', 'The repository has no key of 32 bytes.')
  return key
}
