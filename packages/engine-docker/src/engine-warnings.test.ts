import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LogFields, type Logger, silentLogger } from '@waggle/domain'
import { startDocker } from '@waggle/testkit'
import { describe, expect, it } from 'vitest'
import { createDockerEngine } from './docker-engine.ts'
import { engineWarnings } from './engine-warnings.ts'

const warned = (parts: Readonly<Record<string, string>>) =>
  engineWarnings(
    { Components: Object.entries(parts).map(([Name, Version]) => ({ Name, Version })) },
    { LiveRestoreEnabled: true },
  ).map(({ fields }) => fields.name)

describe('warnings about the container engine', () => {
  it.each([
    ['20.10.24+dfsg1', '1.6.20~ds1', '1.1.5+ds1', ['Engine', 'containerd', 'runc']],
    ['27.1.1', '1.7.29', '1.2.8', []],
    ['29.0.0', '2.2.0', '1.4.0', []],
    ['28.3.3', '2.0.6', '1.3.2', ['containerd', 'runc']],
    ['28.3.3', '2.1.5', '1.3.3', []],
    ['9.9.9', 'v2', '', ['Engine']],
  ])('engine %s, containerd %s, runc %s', (engine, containerd, runc, expected) => {
    expect(warned({ Engine: engine, containerd, runc })).toEqual(expected)
  })

  it('do not need what an engine does not say', () => {
    expect(engineWarnings({}, {})).toEqual([])
    expect(engineWarnings({ Components: null }, {})).toEqual([])
  })

  it('name a restart that would end running steps', () => {
    expect(engineWarnings({}, { LiveRestoreEnabled: false })).toMatchObject([
      { text: expect.stringContaining('restart') },
    ])
  })

  it('are told once, with the first ping', async () => {
    const docker = await startDocker()
    const told: (LogFields | undefined)[] = []
    const log: Logger = {
      ...silentLogger,
      warn: (_text, fields) => {
        told.push(fields)
      },
    }
    const engine = createDockerEngine({ socketPath: docker.socket, log })
    try {
      await engine.ping()
      const first = told.length
      await engine.ping()
      expect(told).toHaveLength(first)
      for (const fields of told) expect(fields?.reason).not.toBe('')
    } finally {
      await engine.close()
      await docker.stop()
    }
  })
})

describe('the calls to the container engine', () => {
  it('never copy files into or out of a container: that has run its programs on the host', () => {
    const sources = readdirSync(import.meta.dirname).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
    )
    const text = sources.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')).join()
    expect(text).toContain('/containers/')
    expect(text).not.toMatch(/\/archive|putArchive|getArchive/)
  })
})
