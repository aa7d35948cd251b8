import { cp, lstat, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CacheLimits, type Clock, invalid, type Logger, type Spec } from '@waggle/domain'
import { cacheFolder } from './cache-path.ts'

interface CacheDeps {
  readonly root: string
  readonly clock: Clock
  readonly log: Logger
}

/** The caches of exec stages: folders beside those of the stages, each with a file that tells by its time when the
 *  cache was used last, and holds its labels. */
export class CacheFolders {
  readonly #deps: CacheDeps
  /** How many stages use each. The folder is this worker's alone. */
  readonly #used = new Map<string, number>()

  constructor(deps: CacheDeps) {
    this.#deps = deps
  }

  /** Makes what is missing, and fills what begins as a copy (threats.md T-27). */
  async prepare(spec: Spec): Promise<void> {
    for (const volume of spec.volumes) {
      if (volume.kind === 'host') continue
      const path = cacheFolder(this.#deps.root, spec.root, volume)
      if (path === null) throw invalid('cache_name', 'a cache of the spec has no name of its own')
      if (volume.kind === 'cache') {
        this.#used.set(volume.id, (this.#used.get(volume.id) ?? 0) + 1)
        await mkdir(join(this.#deps.root, 'caches'), { recursive: true, mode: 0o700 })
        await writeFile(this.#mark(volume.id), JSON.stringify(volume.labels), { mode: 0o600 })
      }
      const isNew = (await mkdir(path, { recursive: true, mode: 0o700 })) !== undefined
      if (isNew && volume.filledFrom !== undefined) await this.#fill(volume.filledFrom, path)
    }
  }

  release(spec: Spec): void {
    for (const { kind, id } of spec.volumes) {
      const count = kind === 'cache' ? (this.#used.get(id) ?? 0) - 1 : -1
      if (count > 0) this.#used.set(id, count)
      else this.#used.delete(id)
    }
  }

  async purge(owner: string, limits: CacheLimits): Promise<number> {
    const nowMs = this.#deps.clock.now()
    const caches = (await this.#list(owner)).sort((a, b) => a.usedAt - b.usedAt)
    let total = caches.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    let purged = 0
    for (const { id, usedAt, sizeBytes, maxAgeMs, sizeLimitBytes } of caches) {
      const isOld = nowMs - usedAt > Math.min(maxAgeMs, limits.maxAgeMs)
      const isLarge = sizeBytes > sizeLimitBytes
      const isTooMuch = limits.totalBytes > 0 && total > limits.totalBytes
      if (!(isOld || isLarge || isTooMuch) || this.#used.has(id)) continue
      await rm(join(this.#deps.root, 'caches', id), { recursive: true, force: true, maxRetries: 3 })
      await rm(this.#mark(id), { force: true })
      this.#deps.log.info('cache purged', { name: id, reason: isOld ? 'age' : 'size' })
      total -= sizeBytes
      purged++
    }
    return purged
  }

  async #list(owner: string) {
    const folder = join(this.#deps.root, 'caches')
    const names = await readdir(folder).catch(() => [])
    const own = names.filter(
      (name) => name.startsWith(`waggle-cache-${owner}-`) && !name.endsWith(markSuffix),
    )
    return Promise.all(
      own.map(async (id) => {
        const labels = await this.#labels(id)
        return {
          id,
          usedAt: (await stat(this.#mark(id)).catch(() => null))?.mtimeMs ?? 0,
          sizeBytes: await sizeOf(join(folder, id)),
          maxAgeMs: Number(labels['io.waggle.cache.max-age-ms']) || Number.POSITIVE_INFINITY,
          sizeLimitBytes: Number(labels['io.waggle.cache.size-bytes']) || Number.POSITIVE_INFINITY,
        }
      }),
    )
  }

  async #labels(id: string): Promise<Readonly<Record<string, unknown>>> {
    try {
      const labels: unknown = JSON.parse(await readFile(this.#mark(id), 'utf8'))
      return typeof labels === 'object' && labels !== null ? { ...labels } : {}
    } catch {
      return {}
    }
  }

  /** A cache that cannot be copied begins empty: it is a cache. Links stay links, so that none leads the copy out. */
  async #fill(from: string, to: string): Promise<void> {
    const source = join(this.#deps.root, 'caches', from)
    const options = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true }
    await cp(source, to, options).catch((err: unknown) => {
      if ((err as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#deps.log.warn('cache copied in part', { name: from, err })
    })
  }

  #mark(id: string): string {
    return join(this.#deps.root, 'caches', `${id}${markSuffix}`)
  }
}

const markSuffix = '-used'

const sizeOf = async (path: string): Promise<number> => {
  const stats = await lstat(path).catch(() => null)
  if (!stats?.isDirectory()) return stats?.size ?? 0
  let total = 0
  for (const name of await readdir(path).catch(() => [])) total += await sizeOf(join(path, name))
  return total
}
