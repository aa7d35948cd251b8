import { createHash } from 'node:crypto'
import { refuseDelivery } from '@waggle/control'
import type { Repo } from '@waggle/domain'
import type { ApiDeps } from './api-deps.ts'

const oncePerMs = 10_000
const mostRepos = 10_000

/** Keeps that a webhook of a repository was refused, after its sender was answered: what is stored must not show in how
 *  long that takes (fault H5). Anybody can send such a webhook, so of each repository one is stored in ten seconds. */
export class RefusalNotes {
  readonly #deps: ApiDeps
  readonly #last = new Map<number, number>()

  constructor(deps: ApiDeps) {
    this.#deps = deps
  }

  add(repo: Pick<Repo, 'id'>, reason: string, body: Buffer): void {
    const now = this.#deps.control.clock.monotonic()
    if (now - (this.#last.get(repo.id) ?? Number.NEGATIVE_INFINITY) < oncePerMs) return
    if (this.#last.size >= mostRepos) this.#last.clear()
    this.#last.set(repo.id, now)
    const work = async () => {
      await this.#deps.control.clock.sleep(1, this.#deps.closing)
      await refuseDelivery(this.#deps.control, repo, { reason, body: bodyFacts(body) })
    }
    this.#deps.background.add('refused webhook', work())
  }
}

/** What is remembered of a body. */
export const bodyFacts = (body: Buffer) => ({
  hash: body.length === 0 ? '' : createHash('sha256').update(body).digest('hex'),
  sizeBytes: body.length,
})
