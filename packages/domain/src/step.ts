import type { StepStatus } from './status.ts'

/** One unit inside a stage: the implicit clone, a service, or an entry of `steps` (rest-api.md §6.6). */
export interface Step {
  readonly id: number
  readonly stageId: number
  /** 1-based, over the recorded steps. */
  readonly number: number
  readonly name: string
  readonly status: StepStatus
  readonly error: string
  readonly errIgnore: boolean
  readonly exitCode: number
  readonly image: string
  readonly detached: boolean
  readonly dependsOn: readonly string[]
  /** Highest try that was granted; 0 = never. */
  readonly grantedTry: number
  readonly startedAt: number
  readonly stoppedAt: number
  /** Address of the schema of its card; empty = none. */
  readonly schema: string
  readonly version: number
}

export type NewStep = Omit<Step, 'id' | 'schema' | 'version'>

export interface StepPatch {
  readonly status?: StepStatus
  readonly error?: string
  readonly exitCode?: number
  readonly grantedTry?: number
  readonly startedAt?: number
  readonly stoppedAt?: number
  readonly schema?: string
}

export interface StepStore {
  find(id: number): Promise<Step | null>
  listByStage(stageId: number): Promise<readonly Step[]>
  /** By stage and number, for all of the stages. */
  listByStages(stageIds: readonly number[]): Promise<readonly Step[]>
  findByNumber(stageId: number, number: number): Promise<Step | null>
  create(steps: readonly NewStep[]): Promise<readonly Step[]>
  /** Does nothing, and gives `null`, where the step's status is not one of `from`. */
  update(id: number, patch: StepPatch, from?: readonly StepStatus[]): Promise<Step | null>
  /** The same for those who need no more than whether it was done. */
  change(id: number, patch: StepPatch, from?: readonly StepStatus[]): Promise<boolean>
  /** Ends every open step of these stages with one statement: a build may have more than 10,000. Those that started
   *  get `ifStarted` and the others `ifNot`, as of `nowMs`, with this exit code. */
  closeOpen(
    stageIds: readonly number[],
    end: {
      readonly ifStarted: StepStatus
      readonly ifNot: StepStatus
      readonly exitCode: number
      readonly nowMs: number
    },
  ): Promise<void>
  /** The stage runs again: its steps are as before their first start. They keep their ids, and so their logs. */
  resetByStage(stageId: number): Promise<void>
  /** An attempt ended without a grant: its steps are forgotten, the next attempt makes its own. */
  deleteByStage(stageId: number): Promise<void>
}
