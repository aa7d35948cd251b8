import fc from 'fast-check'
import type { Act } from './act.ts'
import { acts } from './commands/acts.ts'
import { submit } from './commands/submit.ts'
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

const lengths = [
  { most: 9, weight: 3 },
  { most: 22, weight: 1 },
]

/** Starts with a build. Up to a most, all lengths are as likely: fast-check's own choice would be short ones nearly
 *  always. Most acts that are drawn can be done, so that three in four sequences have up to nine, the others more. */
export const sequences: fc.Arbitrary<Sequence> = fc.noBias(
  fc
    .tuple(
      submit,
      fc.oneof(
        ...lengths.map(({ most, weight }) => ({
          arbitrary: fc.array(acts, { maxLength: most, size: 'max' }),
          weight,
        })),
      ),
    )
    .map(([first, others]) => new Sequence([first, ...others])),
)
