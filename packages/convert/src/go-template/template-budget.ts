/** What running one template may cost (threats.md T-46): steps and characters handled, and characters printed. */
export class TemplateBudget {
  #left: number

  constructor(limit: number) {
    this.#left = limit
  }

  /** Throws `RangeError` when nothing is left. Called before the work is done where its size is known. */
  spend(cost: number): void {
    this.#left -= cost
    if (!(this.#left >= 0)) throw new RangeError('the template does too much')
  }
}
