import type { Lease, WorkerRecord } from '@waggle/domain'
import { built, runningLease } from '../integration/lease-of.ts'
import { pipeline } from '../integration/open-control.ts'
import type { Replicas } from './open-replicas.ts'

/** How silent a worker of these tests may be, milliseconds. */
export const silenceMs = 60

type Built = ReturnType<typeof built>

/** Where the races of one database are run. */
export class Ground {
  readonly replicas: Replicas
  readonly #workers: readonly WorkerRecord[]

  constructor(replicas: Replicas, workers: readonly WorkerRecord[]) {
    this.replicas = replicas
    this.#workers = workers
  }

  worker(index: number): WorkerRecord {
    return this.#workers[index % this.#workers.length] as WorkerRecord
  }

  /** Builds of one repository. */
  async submit(count: number, text = pipeline('a')): Promise<readonly Built[]> {
    const { control } = this.replicas
    const repo = await control.repo()
    const builds = []
    for (let i = 0; i < count; i++) builds.push(built(await control.submit(repo, text)))
    return builds
  }

  /** Leases of the first stage of each, started. */
  start(builds: readonly Built[]): Promise<readonly Lease[]> {
    return Promise.all(
      builds.map(({ stage }, index) =>
        runningLease(this.replicas.control, this.worker(index), stage.id),
      ),
    )
  }
}
