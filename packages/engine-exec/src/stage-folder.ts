import { chmod, lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { type AttemptRef, invalid, type Spec } from '@waggle/domain'

/** Whose a folder is; kept in it, so that it can be removed without its spec. */
interface Mark {
  readonly installation: string
  readonly stageId: number
  readonly attempt: number
}

const markName = 'waggle.json'

/** The folder of one stage on the host (pipeline.md §6): all that its steps share, and what the engine notes of them.
 *
 *      home/drone   HOME
 *      drone/src    working directory
 *      opt          one script per step
 *      run          per step and try: its output, its process, its exit code */
export class StageFolder {
  readonly path: string
  readonly home: string
  readonly source: string
  readonly scripts: string
  readonly runs: string

  private constructor(path: string) {
    this.path = path
    this.home = join(path, 'home', 'drone')
    this.source = join(path, 'drone', 'src')
    this.scripts = join(path, 'opt')
    this.runs = join(path, 'run')
  }

  /** Throws `invalid` where the spec names anything but a folder in the engine's own: this path will be deleted. */
  static of(spec: Spec, root: string): StageFolder {
    const path = resolve(spec.root)
    if (spec.root === '' || !path.startsWith(resolve(root) + sep))
      throw invalid('spec_root', 'the spec has no folder of its own below the folder of the worker')
    return new StageFolder(path)
  }

  /** Folders below `root` that are a stage's of the installation. */
  static async list(
    root: string,
    installation: string,
  ): Promise<readonly { folder: StageFolder; ref: AttemptRef }[]> {
    const names = await readdir(root).catch(() => [])
    const found: { folder: StageFolder; ref: AttemptRef }[] = []
    for (const name of names) {
      const folder = new StageFolder(join(resolve(root), name))
      const mark = (await folder.#readMark()) ?? markOfName(name)
      if (mark?.installation === installation)
        found.push({ folder, ref: { stageId: mark.stageId, attempt: mark.attempt } })
    }
    return found.sort((a, b) => a.ref.stageId - b.ref.stageId || a.ref.attempt - b.ref.attempt)
  }

  /** Makes what is missing of it. */
  async create(spec: Spec): Promise<void> {
    for (const folder of [this.path, this.home, this.source, this.scripts, this.runs])
      await mkdir(folder, { recursive: true, mode: 0o700 })
    const labels = { ...spec.steps[0]?.labels, ...spec.network.labels }
    const mark: Mark = {
      installation: labels['io.waggle.installation'] ?? '',
      stageId: Number(labels['io.waggle.stage']),
      attempt: Number(labels['io.waggle.attempt']),
    }
    await writeFile(join(this.path, markName), JSON.stringify(mark), { mode: 0o600 })
  }

  /** Accepts that it is gone. A step may have taken the right to write from folders of its own. */
  async remove(): Promise<void> {
    const options = { recursive: true, force: true, maxRetries: 3 }
    try {
      await rm(this.path, options)
    } catch {
      await makeWritable(this.path)
      await rm(this.path, options)
    }
  }

  async #readMark(): Promise<Mark | null> {
    try {
      const mark: unknown = JSON.parse(await readFile(join(this.path, markName), 'utf8'))
      return isMark(mark) ? mark : null
    } catch {
      return null
    }
  }
}

/** The name that compile gives the folder says the same, where the mark was not written any more. */
const markOfName = (name: string): Mark | null => {
  const [, installation = '', stage, attempt] =
    /^waggle-(.+)-(\d{1,15})-(\d{1,9})$/.exec(name) ?? []
  if (installation === '') return null
  return { installation, stageId: Number(stage), attempt: Number(attempt) }
}

const isMark = (value: unknown): value is Mark => {
  if (typeof value !== 'object' || value === null) return false
  const { installation, stageId, attempt } = value as Partial<Record<keyof Mark, unknown>>
  return typeof installation === 'string' && Number.isInteger(stageId) && Number.isInteger(attempt)
}

const makeWritable = async (path: string): Promise<void> => {
  const stats = await lstat(path).catch(() => null)
  // Never through a symbolic link: it may lead out.
  if (!stats?.isDirectory()) return
  await chmod(path, 0o700).catch(() => undefined)
  for (const name of await readdir(path).catch(() => [])) await makeWritable(join(path, name))
}
