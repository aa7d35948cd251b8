import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

/** The exact table of who may import whom. Change the table first, then the import. */
const layers: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  config: [],
  contract: ['domain'],
  pipeline: ['domain'],
  secrets: ['domain'],
  runtime: ['domain'],
  control: ['domain', 'pipeline'],
  convert: ['domain', 'pipeline'],
  redis: ['domain'],
  store: ['domain'],
  queue: ['domain', 'redis'],
  logs: ['domain', 'redis'],
  scm: ['domain'],
  extensions: ['domain', 'pipeline'],
  telemetry: ['domain'],
  'engine-docker': ['domain', 'pipeline'],
  'engine-exec': ['domain', 'pipeline'],
  testkit: ['domain', 'runtime', 'engine-docker'],
  api: [
    'config',
    'contract',
    'control',
    'convert',
    'domain',
    'extensions',
    'logs',
    'pipeline',
    'queue',
    'scm',
    'secrets',
    'store',
    'telemetry',
  ],
  worker: [
    'config',
    'contract',
    'domain',
    'engine-docker',
    'engine-exec',
    'logs',
    'pipeline',
    'queue',
    'runtime',
    'telemetry',
  ],
  cli: [
    'api',
    'config',
    'contract',
    'convert',
    'control',
    'domain',
    'engine-docker',
    'engine-exec',
    'pipeline',
    'runtime',
    'telemetry',
    'worker',
  ],
}

/** One third-party library lives in one package. */
const homes: Readonly<Record<string, readonly string[]>> = {
  bullmq: ['queue'],
  ioredis: ['redis'],
  kysely: ['store'],
  pg: ['store'],
  dockerode: ['engine-docker'],
  'tar-stream': ['engine-docker'],
  winston: ['telemetry'],
  'prom-client': ['telemetry'],
  zod: ['contract', 'config', 'api', 'worker'],
  yaml: ['pipeline'],
  express: ['api'],
  helmet: ['api'],
  commander: ['cli'],
}

const root = resolve(import.meta.dirname, '../..')

interface Import {
  readonly from: string
  readonly file: string
  readonly target: string
}

const packageFolders = ['packages', 'apps'].flatMap((folder) =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => ({ name: entry.name, path: join(root, folder, entry.name) })),
)

const importPattern =
  /(?:^|[^.\w])(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|^import\s+['"]([^'"]+)['"]/gm

const importsOf = (name: string, path: string): readonly Import[] =>
  readdirSync(join(path, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .flatMap((entry) => {
      const file = join(entry.parentPath, entry.name)
      const text = readFileSync(file, 'utf8')
      return [...text.matchAll(importPattern)].map((match) => ({
        from: name,
        file: relative(root, file),
        target: match[1] ?? match[2] ?? match[3] ?? '',
      }))
    })

const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file)
const all = packageFolders.flatMap(({ name, path }) => importsOf(name, path))

describe('layers', () => {
  it('reads imports at all', () => {
    expect(all.length).toBeGreaterThan(50)
    expect(all.some((one) => one.target === '@waggle/domain')).toBe(true)
  })

  it('knows every package', () => {
    expect(packageFolders.map(({ name }) => name).sort()).toEqual(Object.keys(layers).sort())
  })

  it('lets packages import only what lies below them', () => {
    const wrong = all
      .filter((one) => !isTest(one.file) && one.target.startsWith('@waggle/'))
      .filter((one) => !layers[one.from]?.includes(one.target.slice('@waggle/'.length)))
      .map((one) => `${one.file} imports ${one.target}`)
    expect(wrong).toEqual([])
  })

  it('keeps a third-party library in its one home', () => {
    const wrong = all
      .filter((one) => !isTest(one.file) && one.from !== 'testkit')
      .filter((one) => {
        const home = homes[one.target.split('/')[0] ?? '']
        return home !== undefined && !home.includes(one.from)
      })
      .map((one) => `${one.file} imports ${one.target}`)
    expect(wrong).toEqual([])
  })

  it('reaches other packages through their index only', () => {
    const wrong = all
      .filter((one) => {
        if (/^@waggle\/[^/]+\/./.test(one.target)) return true
        if (!one.target.startsWith('.')) return false
        const reached = relative(root, resolve(root, dirname(one.file), one.target))
        return (
          reached.split('/').slice(0, 2).join('/') !== one.file.split('/').slice(0, 2).join('/')
        )
      })
      .map((one) => `${one.file} imports ${one.target}`)
    expect(wrong).toEqual([])
  })

  it('reads the environment in config only', () => {
    const wrong = packageFolders
      .filter(({ name }) => name !== 'config' && name !== 'testkit')
      .flatMap(({ path }) =>
        readdirSync(join(path, 'src'), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !isTest(entry.name))
          .map((entry) => join(entry.parentPath, entry.name)),
      )
      .filter((file) => readFileSync(file, 'utf8').includes('process.env'))
      .map((file) => relative(root, file))
    expect(wrong).toEqual([])
  })

  it('has few direct runtime dependencies, each with one version', () => {
    const versions = new Map<string, Set<string>>()
    for (const { path } of packageFolders) {
      const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as {
        dependencies?: Record<string, string>
      }
      for (const [name, version] of Object.entries(manifest.dependencies ?? {}))
        if (!name.startsWith('@waggle/'))
          versions.set(name, (versions.get(name) ?? new Set()).add(version))
    }
    expect(versions.size).toBeLessThanOrEqual(40)
    expect([...versions].filter(([, set]) => set.size > 1)).toEqual([])
  })
})
