import { describe, expect, it } from 'vitest'
import type { PipelineStep } from '../manifest.ts'
import { parseManifest } from '../parse-manifest.ts'
import { isPrivilegedPlugin, type PrivilegeContext } from './privileged-image.ts'

const context: PrivilegeContext = {
  images: ['acme/builder'],
  sharedNames: [],
  workspaceBase: '/drone/src',
  isFork: false,
}

const step = (more: string): PipelineStep => {
  const [document] = parseManifest(`kind: pipeline\nsteps: [{name: a, ${more}}]\n`).documents
  if (document?.role !== 'pipeline') throw new Error('no pipeline')
  return document.pipeline.steps[0]!
}

const plugin = step('image: plugins/docker, settings: {repo: a/b}, environment: {A: b}')

describe('isPrivilegedPlugin', () => {
  it.each([
    ...['docker', 'acr', 'ecr', 'gcr', 'heroku', 'gar'].map((name) => `plugins/${name}`),
    ...['plugins/docker:20', 'docker.io/plugins/gar', 'index.docker.io/plugins/docker:x'],
    'acme/builder:1',
  ])('lets %s', (image) => {
    expect(isPrivilegedPlugin(step(`image: ${image}`), context)).toBe(true)
  })

  it.each([
    'image: evil/plugins/docker',
    'image: registry.example/plugins/docker',
    'image: "plugins/docker "',
    'image: plugins/dоcker',
    'image: acme/builder2',
  ])('does not let %s', (more) => {
    expect(isPrivilegedPlugin(step(more), context)).toBe(false)
  })

  it.each([
    'commands: [id]',
    'command: [id]',
    'entrypoint: [id]',
    'volumes: [{name: a, path: /b}]',
    'environment: {PATH: ~}',
    'environment: {HOME: /x}',
    'environment: {XDG_RUNTIME_DIR: /x}',
    'environment: {DOCKER_OPTS: ""}',
    'environment: {DOCKER_HOST: {from_secret: a}}',
    'environment: {LD_PRELOAD: /drone/src/x.so}',
    'environment: {NODE_OPTIONS: x}',
  ])('does not let a plugin that %s makes something else', (more) => {
    expect(isPrivilegedPlugin(step(`image: plugins/docker, ${more}`), context)).toBe(false)
  })

  it('minds variables and folders that reach the step from elsewhere, and never lets forks', () => {
    expect(isPrivilegedPlugin(plugin, context)).toBe(true)
    expect(isPrivilegedPlugin(plugin, { ...context, sharedNames: ['LD_PRELOAD'] })).toBe(false)
    for (const workspaceBase of ['/usr/local/x', '/root', '/root/.docker', '/var/lib/docker'])
      expect(isPrivilegedPlugin(plugin, { ...context, workspaceBase })).toBe(false)
    expect(isPrivilegedPlugin(plugin, { ...context, isFork: true })).toBe(false)
  })

  it('lets a listed plugin mount where the worker says so, but nothing of the system', () => {
    const mounting = (path: string) =>
      step(`image: plugins/docker, volumes: [{name: a, path: "${path}"}]`)
    const mayMount = { ...context, mayMount: true }
    expect(isPrivilegedPlugin(mounting('/cache'), context)).toBe(false)
    expect(isPrivilegedPlugin(mounting('/cache'), mayMount)).toBe(true)
    for (const path of [
      '/',
      '/usr/bin',
      '/drone/../etc/docker',
      '/VAR/run/docker.sock',
      '/usr/lib/x',
    ])
      expect(isPrivilegedPlugin(mounting(path), mayMount)).toBe(false)
    const two = 'image: plugins/docker, volumes: [{name: a, path: /a}, {name: b, path: /dev}]'
    expect(isPrivilegedPlugin(step(two), mayMount)).toBe(false)
  })
})

describe('spoofed plugins (threats T-20)', () => {
  const hosts = [
    'evil.example/',
    'evil.example:5000/',
    'localhost/',
    'docker.io.evil/',
    'evil/',
    'docker.io/evil/',
  ]
  const digest = `@sha256:${'0'.repeat(64)}`
  const spoofs = ['docker', 'ecr', 'gcr', 'acr', 'heroku', 'gar'].flatMap((plugin) => [
    ...hosts.map((host) => `${host}plugins/${plugin}`),
    `Plugins/${plugin}`,
    `plugins/${plugin.toUpperCase()}`,
    ` plugins/${plugin}`,
    `plugins/${plugin}\\t`,
    `plugins//${plugin}`,
    `plugins/./${plugin}`,
    `/plugins/${plugin}`,
    `library/plugins/${plugin}`,
    `plugins/${plugin}x`,
    `plugins/${plugin}@evil`,
    `plugins/${plugin}:a:b`,
    `plugins/${plugin}:`,
    `plugin\u017f/${plugin}`,
    `plugins\u2215${plugin}`,
    `xplugins/${plugin}${digest}`,
  ])
  const escapes = [
    '',
    'settings: {repo: a}',
    'environment: {A: b}',
    'pull: never',
    'user: root',
    'working_dir: /',
    'detach: true',
  ]

  it.each(spoofs)('never lets %j run privileged', (image) => {
    for (const more of escapes)
      expect(isPrivilegedPlugin(step(`image: "${image}", ${more}`), context)).toBe(false)
  })

  const names = ['docker', 'docker:20', `docker${digest}`].flatMap((name) =>
    ['', 'docker.io/', 'index.docker.io/'].map((host) => `${host}plugins/${name}`),
  )
  const turns = [
    'commands: [id]',
    'command: [sh]',
    'entrypoint: [sh]',
    'volumes: [{name: a, path: /cache}]',
    ...['XDG_RUNTIME_DIR', 'DOCKER_OPTS', 'DOCKER_HOST', 'PATH', 'HOME'].map(
      (name) => `environment: {${name}: ~}`,
    ),
    ...['LD_PRELOAD', 'LD_LIBRARY_PATH', 'BASH_ENV', 'ENV', 'NODE_OPTIONS', 'PYTHONPATH'].map(
      (name) => `environment: {${name}: x}`,
    ),
    'environment: {LD_AUDIT: {from_secret: a}}',
    'detach: true, waggle: {healthcheck: {command: [sh, -c, id]}}',
  ]

  it.each(names)('lets %s as it is, and not when the file makes something else of it', (name) => {
    expect(isPrivilegedPlugin(step(`image: "${name}"`), context)).toBe(true)
    for (const turn of turns)
      expect(isPrivilegedPlugin(step(`image: "${name}", ${turn}`), context)).toBe(false)
  })
})
