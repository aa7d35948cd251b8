import { describe, expect, it } from 'vitest'
import type { PipelineStep } from './manifest.ts'
import { parseManifest } from './parse-manifest.ts'
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
  it.each(['plugins/docker', 'plugins/docker:20', 'docker.io/plugins/gar', 'acme/builder:1'])(
    'lets %s',
    (image) => {
      expect(isPrivilegedPlugin(step(`image: ${image}`), context)).toBe(true)
    },
  )

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
    'environment: {DOCKER_HOST: {from_secret: a}}',
    'environment: {LD_PRELOAD: /drone/src/x.so}',
    'environment: {NODE_OPTIONS: x}',
  ])('does not let a plugin that %s makes something else', (more) => {
    expect(isPrivilegedPlugin(step(`image: plugins/docker, ${more}`), context)).toBe(false)
  })

  it('minds variables and folders that reach the step from elsewhere, and never lets forks', () => {
    expect(isPrivilegedPlugin(plugin, context)).toBe(true)
    expect(isPrivilegedPlugin(plugin, { ...context, sharedNames: ['LD_PRELOAD'] })).toBe(false)
    expect(isPrivilegedPlugin(plugin, { ...context, workspaceBase: '/usr/local/x' })).toBe(false)
    expect(isPrivilegedPlugin(plugin, { ...context, isFork: true })).toBe(false)
  })
})
