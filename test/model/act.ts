import { agree } from './agree.ts'
import type { Model } from './model.ts'
import type { World } from './open-world.ts'

/** One step of a sequence: does the same to the model and to the world, then both must agree. What a step meets is
 *  picked when it comes, from what is there: so any part of a sequence is a sequence too, and failures shrink. */
export class Act {
  readonly can: (model: Model) => boolean
  readonly #name: string
  readonly #doing: (model: Model, world: World) => Promise<string>
  #said = ''

  /** `doing` gives what was done in words, for the sequence that is printed when it fails. */
  constructor(
    name: string,
    can: (model: Model) => boolean,
    doing: (model: Model, world: World) => Promise<string>,
  ) {
    this.#name = name
    this.can = can
    this.#doing = doing
  }

  async run(model: Model, world: World): Promise<void> {
    this.#said = '…'
    this.#said = await this.#doing(model, world)
    await agree(model, world)
  }

  toString(): string {
    return `${this.#name} ${this.#said}`
  }
}
