import { describe, expect, it } from 'vitest'
import { expandImage, normalImageName } from './image-name.ts'

const digest = `sha256:${'a'.repeat(64)}`

describe('expandImage', () => {
  it.each<[string, string, boolean]>([
    ['redis', 'docker.io/library/redis:latest', true],
    ['redis:7', 'docker.io/library/redis:7', false],
    ['acme/app', 'docker.io/acme/app:latest', true],
    ['index.docker.io/library/redis', 'docker.io/library/redis:latest', true],
    ['quay.io/a/b', 'quay.io/a/b:latest', true],
    ['localhost:5000/x:1', 'localhost:5000/x:1', false],
    [`redis@${digest}`, `docker.io/library/redis@${digest}`, false],
    [`redis:7@${digest}`, `docker.io/library/redis:7@${digest}`, false],
    ['Redis', 'Redis', false],
    ['a b', 'a b', false],
    ['', '', false],
    ['b'.repeat(64), 'b'.repeat(64), false],
  ])('%s is %s', (name, full, isLatest) => {
    expect(expandImage(name)).toEqual({ full, isLatest })
  })
})

describe('normalImageName', () => {
  it.each([
    'plugins/docker',
    'plugins/docker:20',
    'docker.io/plugins/docker',
    'index.docker.io/plugins/docker:x',
    `plugins/docker@${digest}`,
  ])('knows %s as the plugin', (name) => {
    expect(normalImageName(name)).toBe('plugins/docker')
  })

  it.each([
    'registry.example/plugins/docker',
    'evil/plugins/docker',
    'plugins/docker ',
    'Plugins/docker',
    'plugins/docker/x',
    'plugins/dоcker',
    'plugins//docker',
    'plugins/docker:',
    'plugins/docker@sha256:1',
    'plugins/docker\n',
    'library/plugins/docker',
    'docker.io:443/plugins/docker',
  ])('does not take %j for the plugin', (name) => {
    expect(normalImageName(name)).not.toBe('plugins/docker')
  })
})
