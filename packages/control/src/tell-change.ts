import type { Build, BuildChange, Signals, Stage } from '@waggle/domain'
import type { TellDeps } from './control-deps.ts'

/** A stage changes its build several times within some milliseconds; viewers read it anew for each message. */
const gatherMs = 20

const waiting = new WeakMap<Pick<Signals, 'publishChange'>, Map<number, BuildChange>>()

/** Tells the change feed and those who send webhooks that a build changed; changes of one build that come together are one message. Not waited
 *  for: the message may be lost, and while Redis is away no call should wait for it (design §10). */
export const tellChange = (
  deps: Pick<TellDeps, 'signals' | 'log' | 'webhooks'>,
  changed: Pick<Build, 'id' | 'repoId' | 'version'> | Pick<Stage, 'buildId' | 'repoId'>,
): void => {
  deps.webhooks?.kick()
  const change =
    'buildId' in changed
      ? { repoId: changed.repoId, buildId: changed.buildId, version: 0 }
      : { repoId: changed.repoId, buildId: changed.id, version: changed.version }
  const gathered = waiting.get(deps.signals)
  if (gathered) {
    gathered.set(change.buildId, change)
    return
  }
  waiting.set(deps.signals, new Map([[change.buildId, change]]))
  setTimeout(() => publish(deps), gatherMs).unref()
}

const publish = (deps: Pick<TellDeps, 'signals' | 'log'>): void => {
  const changes = waiting.get(deps.signals)?.values() ?? []
  waiting.delete(deps.signals)
  for (const change of changes)
    deps.signals.publishChange(change).catch((err: unknown) => {
      deps.log.debug('change was not published', { 'build.id': change.buildId, err })
    })
}
