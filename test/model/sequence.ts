import fc from 'fast-check'
import type { Act } from './act.ts'
import { acts, submit } from './commands.ts'
import type { Model } from './model.ts'
import type { World } from './open-world.ts'

/** Acts one after the other; those that cannot be done at their moment are passed over. */
export class Sequence {
  readonly #acts: readonly Act[]
  readonly #done: Act[] = []

  constructor(list: readonly Act[]) {
    this.#acts = list
  }

  async run(model: Model, world: World): Promise<void> {
    this.#done.length = 0
    for (const act of this.#acts) {
      if (!act.can(model)) continue
      this.#done.push(act)
      await act.run(model, world)
    }
  }

  /** What was done up to the failure, a line for each act. */
  toString(): string {
    return this.#done.map((act, index) => `\n  ${index + 1}. ${act.toString()}`).join('')
  }
}

/** Starts with a build. All lengths are as likely: fast-check's own choice would be short ones most of the time. */
export const sequences = (most: number): fc.Arbitrary<Sequence> =>
  fc.noBias(
    fc
      .tuple(submit, fc.array(acts, { maxLength: most, size: 'max' }))
      .map(([first, others]) => new Sequence([first, ...others])),
  )
