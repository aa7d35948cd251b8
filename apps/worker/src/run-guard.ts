import { rmSync } from 'node:fs'
import { type Clock, type Engine, silentLogger } from '@waggle/domain'
import { isExpired, readFences } from './fence-file.ts'

/** What a guard needs to reach the worker's engine. */
export type GuardEngine =
  | { readonly type: 'docker'; readonly socketPath: string }
  | { readonly type: 'exec'; readonly root: string }

export interface GuardOptions {
  readonly folder: string
  readonly installation: string
  readonly selfFenceMs: number
  readonly engine: GuardEngine
}

/** How long a guard stays without anything to watch, in lengths of `selfFenceMs`. */
const idleLengths = 1

/** Ends the attempts of a worker whose time is over, whatever became of the worker: dead, stopped, or busy
 *  (reliability.md §0.2, T_selffence). Looks at the worker's folder, and ends when nothing is left to watch. */
export const runGuard = async (
  { folder, selfFenceMs, installation }: Omit<GuardOptions, 'engine'>,
  engine: Pick<Engine, 'remove'>,
  clock: Clock,
): Promise<void> => {
  const everyMs = Math.max(50, selfFenceMs / 150)
  const ended = new Set<string>()
  for (let idleMs = 0; idleMs < selfFenceMs * idleLengths; idleMs += everyMs) {
    for (const [path, attempts] of readFences(folder)) {
      if (attempts.length > 0) idleMs = 0
      const expired = attempts.filter((attempt) => isExpired(attempt, selfFenceMs))
      for (const { stageId, attempt } of expired) {
        const key = `${path} ${stageId}-${attempt}`
        if (ended.has(key)) continue
        // What fails is tried again at once: an engine that is away runs its containers on.
        const isEnded = await engine.remove(installation, { stageId, attempt }).then(
          () => true,
          () => false,
        )
        if (isEnded) ended.add(key)
      }
      // A worker that lives writes its file again when it has something new to say.
      const isOver = attempts.every(({ stageId, attempt }) =>
        ended.has(`${path} ${stageId}-${attempt}`),
      )
      if (isOver) rmSync(path, { force: true })
    }
    await clock.sleep(everyMs)
  }
}

export const openGuardEngine = async (engine: GuardEngine): Promise<Engine> => {
  const log = silentLogger
  switch (engine.type) {
    case 'docker': {
      const { createDockerEngine } = await import('@waggle/engine-docker')
      return createDockerEngine({ socketPath: engine.socketPath, log })
    }
    case 'exec': {
      const { createExecEngine } = await import('@waggle/engine-exec')
      return createExecEngine({ root: engine.root, log })
    }
    default:
      return engine satisfies never
  }
}
