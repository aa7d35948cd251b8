export interface ProgressStep {
  readonly name: string
  readonly status: string
  readonly exitCode: number
  readonly error: string
  /** How long it ran or runs; 0 = not started. */
  readonly seconds: number
}

export interface ProgressStage {
  readonly name: string
  readonly status: string
  readonly error: string
  readonly machine: string
  readonly steps: readonly ProgressStep[]
}

/** Shows stages and steps with their lines while they run. */
export interface ProgressView {
  /** The state of everything, again and again. */
  update(stages: readonly ProgressStage[]): void
  /** A line of a step's output, as it came. */
  line(stage: string, step: string, text: string): void
  note(text: string): void
  close(): void
}

export interface ProgressOptions {
  readonly out?: NodeJS.WriteStream
  /** Lines as they are, with all escape sequences. */
  readonly raw?: boolean
}
