/** The last lines of the process's own log, in memory: so many, none of them endless. */
export class LogRing {
  readonly #lines: string[] = []
  readonly #most: number
  readonly #secrets: readonly string[]

  /** `secrets`: texts that no line may show, should one get into the log after all. */
  constructor(most: number, secrets: readonly string[] = []) {
    this.#most = most
    this.#secrets = secrets.filter((secret) => secret.length >= 4)
  }

  add(line: string): void {
    // Masked before it is cut: half a secret would not be found.
    let clean = line
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, '******')
    const isCut = clean.length > lineLimit
    this.#lines.push(isCut ? `${clean.slice(0, lineLimit).toWellFormed()}…` : clean)
    if (this.#lines.length > this.#most) this.#lines.shift()
  }

  /** Oldest first. */
  list(): readonly string[] {
    return this.#lines
  }
}

const lineLimit = 2_000
