/** A lease that is renewed while its holder works, so that it can be short: who dies is replaced soon, whatever the work
 *  lasts. `lost` is aborted when a renewal says that somebody else has it, or when none succeeded for as long as the lease
 *  lasts. */
export class HeldLease {
  /** `null` where somebody else has it. */
  static async take(claim: () => Promise<boolean>, leaseMs: number): Promise<HeldLease | null> {
    const asked = performance.now()
    return (await claim()) ? new HeldLease(claim, leaseMs, asked) : null
  }

  readonly #losing = new AbortController()
  readonly #renew: () => Promise<boolean>
  readonly #leaseMs: number
  readonly #timer: NodeJS.Timeout
  #heldSince: number
  #isRenewing = false

  private constructor(renew: () => Promise<boolean>, leaseMs: number, heldSince: number) {
    this.#renew = renew
    this.#leaseMs = leaseMs
    this.#heldSince = heldSince
    this.#timer = setInterval(() => void this.#tick(), leaseMs / 4)
    this.#timer.unref()
  }

  get lost(): AbortSignal {
    return this.#losing.signal
  }

  /** Whether it is held now, also where this process slept past its end. */
  get isHeld(): boolean {
    if (performance.now() - this.#heldSince > this.#leaseMs) this.#lose()
    return !this.lost.aborted
  }

  end(): void {
    clearInterval(this.#timer)
  }

  async #tick(): Promise<void> {
    if (!this.isHeld || this.#isRenewing) return
    this.#isRenewing = true
    const asked = performance.now()
    try {
      if (await this.#renew()) this.#heldSince = asked
      else this.#lose()
    } catch {
      // The database is away: the lease may be kept until it would have run out.
    } finally {
      this.#isRenewing = false
    }
  }

  #lose(): void {
    this.end()
    this.#losing.abort()
  }
}
