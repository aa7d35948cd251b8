/** A named place where a test may kill, stop or delay the process (reliability.md §B).
 *
 *  A no-op unless a module preloaded with `node --import` has put a switchboard under this symbol. */
export interface Switchboard {
  hit(name: string): Promise<void> | void
}

export const failpoints = Symbol.for('waggle.failpoints')

export const failpoint = async (name: FailpointName): Promise<void> => {
  const board = (globalThis as Record<symbol, unknown>)[failpoints] as Switchboard | undefined
  if (board) await board.hit(name)
}

export const failpointNames = [
  'worker.fetched',
  'worker.accepted',
  'worker.loop',
  'docker.network.created',
  'docker.container.created',
  'step.granted',
  'step.running',
  'step.exited',
  'logs.closed',
  'step.reported',
  'stage.reported',
  'hook.committed',
  'hook.queued',
  'accept.committed',
  'finish.committed',
] as const

export type FailpointName = (typeof failpointNames)[number]
