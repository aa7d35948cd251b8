import type { Build, Database } from '@waggle/domain'
import { type ParsedManifest, parseManifest } from '@waggle/pipeline'

interface Entry {
  readonly createdAt: number
  readonly text: string
  parsed: ParsedManifest | null
  weight: number
}

const mostBytes = 16 * 1024 * 1024
// Measured on manifests of 100 pipelines: the parsed tree takes 30 to 38 bytes of heap for each character.
const parsedBytes = 40
const textBytes = 2

/** Manifests of builds whose stages are being accepted. They never change, and the 500 stages of one build would each
 *  read and parse all of it again; parsing 100 pipelines takes longer than all the rest of an accept. */
export class RecentManifests {
  readonly #limit: number
  readonly #entries = new Map<number, Entry>()
  #weight = 0

  constructor(limit = mostBytes) {
    this.#limit = limit
  }

  get size(): number {
    return this.#entries.size
  }

  /** Whether a text is known under this build's id. */
  has(id: number): boolean {
    return this.#entries.has(id)
  }

  /** The text, if it is known. */
  find({ id, createdAt }: Pick<Build, 'id' | 'createdAt'>): string | null {
    const entry = this.#entries.get(id)
    // Another build of this id: the database was put back under a running server.
    if (!entry || entry.createdAt !== createdAt) return null
    this.#entries.delete(id)
    this.#entries.set(id, entry)
    return entry.text
  }

  add({ id, createdAt }: Pick<Build, 'id' | 'createdAt'>, text: string): void {
    this.#remove(id)
    const weight = text.length * textBytes
    if (weight > this.#limit) return
    this.#entries.set(id, { createdAt, text, parsed: null, weight })
    this.#grow(weight)
  }

  parse(build: Pick<Build, 'id' | 'createdAt'>, text: string): ParsedManifest {
    const entry = this.find(build) === text ? this.#entries.get(build.id) : undefined
    if (entry?.parsed) return entry.parsed
    const parsed = parseManifest(text)
    const more = text.length * parsedBytes
    if (!entry || entry.weight + more > this.#limit) return parsed
    entry.parsed = parsed
    entry.weight += more
    this.#grow(more)
    return parsed
  }

  #grow(by: number): void {
    this.#weight += by
    for (const id of this.#entries.keys()) {
      if (this.#weight <= this.#limit) return
      this.#remove(id)
    }
  }

  #remove(id: number): void {
    this.#weight -= this.#entries.get(id)?.weight ?? 0
    this.#entries.delete(id)
  }
}

const known = new WeakMap<Database, RecentManifests>()

export const recentManifests = (database: Database): RecentManifests => {
  const kept = known.get(database) ?? new RecentManifests()
  known.set(database, kept)
  return kept
}
