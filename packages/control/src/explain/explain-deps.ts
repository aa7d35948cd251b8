import type { ControlDeps } from '../control-deps.ts'

/** What explaining a wait reads. */
export type ExplainDeps = Pick<ControlDeps, 'database' | 'offers' | 'timers' | 'log'>
