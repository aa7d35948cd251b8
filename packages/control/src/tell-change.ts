import type { Build, Stage } from '@waggle/domain'
import type { TellDeps } from './control-deps.ts'

/** Tells the change feed that a build changed. Not waited for: the message may be lost, and while Redis is away
 *  no call should wait for it (design §10). */
export const tellChange = (
  deps: Pick<TellDeps, 'signals' | 'log'>,
  changed: Pick<Build, 'id' | 'repoId' | 'version'> | Pick<Stage, 'buildId' | 'repoId'>,
): void => {
  const change =
    'buildId' in changed
      ? { repoId: changed.repoId, buildId: changed.buildId, version: 0 }
      : { repoId: changed.repoId, buildId: changed.id, version: changed.version }
  deps.signals.publishChange(change).catch((err: unknown) => {
    deps.log.debug('change was not published', { 'build.id': change.buildId, err })
  })
}
