import type { ControlDeps } from './control-deps.ts'

/** Whether offering is paused: one row in SQL, surviving restarts and Redis (scheduling.md §5.7). */
export const isPaused = async ({ database }: Pick<ControlDeps, 'database'>): Promise<boolean> =>
  (await database.settings.get('queue_paused')) === 'true'
