import type { Given } from '@waggle/domain'
import type { HookFlags } from '../commands/hook-flags.ts'
import type { WorkingTree } from './working-tree.ts'

/** The repository as far as the folder and the flags know it. */
export const localRepo = (
  { slug, tree }: { readonly slug: string; readonly tree: WorkingTree },
  flags: Pick<HookFlags, 'trusted'>,
): Given['repo'] => {
  const [namespace = '', name = ''] = slug.split('/')
  return {
    id: 1,
    uid: '',
    namespace,
    name,
    slug,
    gitHttpUrl: tree.url,
    gitSshUrl: '',
    link: '',
    defaultBranch: tree.branch,
    private: true,
    visibility: 'private',
    trusted: flags.trusted === true,
    timeoutMinutes: 60,
  }
}

export const localSystem = (
  flags: Pick<HookFlags, 'instance'>,
  version: string,
): Given['system'] => ({ proto: 'http', host: flags.instance ?? 'localhost', link: '', version })
