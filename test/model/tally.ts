/** What acts can come to. A run of many sequences in which one of these never happened proves less than it says. */
const effects = [
  'submitted',
  'submitted blocked',
  'submitted, not told',
  'build restarted',
  'failed stages retried',
  'new build refused',
  'superseded',
  'accepted',
  'accept repeated',
  'accept refused: not_pending',
  'accept refused: limited',
  'accept refused: paused',
  'started',
  'granted',
  'finished: success',
  'finished: failure',
  'finished: error',
  'finished: killed',
  'released',
  'acknowledged',
  'refused: lease_lost',
  'refused: cancelled',
  'refused: invalid',
  'forged call refused',
  'lease renewed',
  'heartbeat told a cancel',
  'heartbeat told a loss',
  'silent',
  'reaped: requeued',
  'reaped: lost',
  'worker restarted with its stages',
  'place freed',
  'cancelled',
  'approved',
  'declined',
  'paused',
  'resumed',
  'pumped: offer',
  'pumped: withdraw',
  'reconciled: offer lost before',
  'flushed',
  'one offer lost',
  'Redis was away',
] as const

export type Effect = (typeof effects)[number]

/** Counts over all sequences of a run what they came to. */
export class Tally {
  readonly #counts = new Map<Effect, number>(effects.map((effect) => [effect, 0]))

  did(effect: Effect, times = 1): void {
    this.#counts.set(effect, (this.#counts.get(effect) ?? 0) + times)
  }

  /** What never happened. */
  get missing(): readonly Effect[] {
    return effects.filter((effect) => this.#counts.get(effect) === 0)
  }

  toString(): string {
    return [...this.#counts].map(([effect, count]) => `${effect} ${count}`).join(', ')
  }
}
