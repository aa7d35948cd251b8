/** A lease that is renewed while its holder works, so that it can be short: who dies is replaced soon, whatever the work
 *  lasts. `lost` is aborted when a renewal says that somebody else has it, or when none succeeded for as long as the lease
 *  lasts. */
export class HeldLease {
  readonly #losing = new AbortController()
  readonly #renew: () => Promise<boolean>
  readonly #leaseMs: number
  readonly #timer: NodeJS.Timeout
  #heldSince = performance.now()
  #isRenewing = false

  constructor(renew: () => Promise<boolean>, leaseMs: number) {
    this.#renew = renew
    this.#leaseMs = leaseMs
    this.#timer = setInterval(() => void this.#tick(), leaseMs / 4)
    this.#timer.unref()
  }

  get lost(): AbortSignal {
    return this.#losing.signal
  }

  end(): void {
    clearInterval(this.#timer)
  }

  async #tick(): Promise<void> {
    if (performance.now() - this.#heldSince > this.#leaseMs) return this.#lose()
    if (this.#isRenewing) return
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
