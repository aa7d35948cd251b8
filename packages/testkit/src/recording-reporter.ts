import type { Grant, StepRecord, StepUpdate } from '@waggle/domain'
import type { StageReporter } from '@waggle/runtime'

/** A reporter that grants everything and keeps what it was told, as lines such as `grant 2 +1:success`; a further try
 *  is `2/2`. */
export class RecordingReporter implements StageReporter {
  readonly calls: string[] = []
  records: readonly StepRecord[] = []
  /** Steps that are not granted. */
  readonly refused = new Set<number>()
  /** Thrown by every call that names this step, or by all for 0. */
  failure: { readonly step: number; readonly error: Error } | null = null
  /** Awaited by every call. */
  before: (() => Promise<void>) | null = null

  async start(steps: readonly StepRecord[], grants: readonly Grant[]): Promise<boolean> {
    this.records = steps
    return this.#answer('start', grants, [])
  }

  async grant(grants: readonly Grant[], updates: readonly StepUpdate[]): Promise<boolean> {
    return this.#answer('grant', grants, updates)
  }

  async report(updates: readonly StepUpdate[]): Promise<void> {
    await this.#answer('report', [], updates)
  }

  async #answer(
    call: string,
    grants: readonly Grant[],
    updates: readonly StepUpdate[],
  ): Promise<boolean> {
    this.calls.push(
      [
        call,
        ...grants.map(({ step, try: tryNumber, isImplicit }) =>
          isImplicit ? `${step}:implicit` : `${step}${tryNumber > 1 ? `/${tryNumber}` : ''}`,
        ),
        ...updates.map((update) => `+${update.number}:${update.status}`),
      ].join(' '),
    )
    await this.before?.()
    const { failure } = this
    const names = [...grants.map((grant) => grant.step), ...updates.map((update) => update.number)]
    if (failure && (failure.step === 0 || names.includes(failure.step))) throw failure.error
    return !grants.some((grant) => this.refused.has(grant.step))
  }
}
