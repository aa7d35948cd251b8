/** What a step shows of itself besides its lines: data, and the schema by which it is drawn (pipeline.md §15.4). */
export interface StepCard {
  /** Address of the schema; kept on the step's record. */
  readonly schema: string
  /** Any JSON value, as text. */
  readonly data: string
}

/** Longest JSON text of a card's data. */
export const cardLimitBytes = 1024 * 1024

/** Data of steps' cards, one a step; the schema is on the step. It goes when its step goes. */
export interface CardStore {
  find(stepId: number): Promise<string | null>
  /** Replaces what was there. */
  put(stepId: number, data: string): Promise<void>
  /** Gives whether there was one. */
  delete(stepId: number): Promise<boolean>
}
