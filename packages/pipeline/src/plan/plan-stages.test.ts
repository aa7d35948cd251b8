import { type Hook, makeHook } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { parseManifest } from '../parse-manifest.ts'
import { planStages, type StagePlan } from './plan-stages.ts'

const repo = { slug: 'acme/app', throttle: 3 }
const push = makeHook({ event: 'push', target: 'main', ref: 'refs/heads/main' })

const plan = (text: string, hook: Hook = push): StagePlan =>
  planStages(parseManifest(text), hook, repo)

const stages = (text: string, hook?: Hook) => {
  const result = plan(text, hook)
  if (result.kind !== 'stages') throw new Error(JSON.stringify(result))
  return result.stages
}

describe('planStages', () => {
  it('makes a stage with its defaults', () => {
    expect(stages('kind: pipeline')).toEqual([
      {
        number: 1,
        name: 'default',
        kind: 'pipeline',
        type: 'docker',
        os: 'linux',
        arch: 'amd64',
        variant: '',
        kernel: '',
        limit: 0,
        throttle: 3,
        labels: {},
        dependsOn: [],
        onSuccess: true,
        onFailure: false,
      },
    ])
  })

  it('takes over platform, labels and limits', () => {
    const text =
      'kind: pipeline\ntype: exec\nplatform: {os: plan9, arch: arm, variant: v7, version: 1809}\nnode: {disk: ssd}\nconcurrency: {limit: 2}\n'
    expect(stages(text)).toMatchObject([
      {
        type: 'exec',
        os: 'plan9',
        arch: 'arm',
        variant: 'v7',
        kernel: '1809',
        limit: 2,
        labels: { disk: 'ssd' },
      },
    ])
  })

  const chain =
    'kind: pipeline\nname: one\n---\nkind: pipeline\nname: two\ndepends_on: [one]\ntrigger: {event: tag}\n---\nkind: pipeline\nname: three\ndepends_on: [two, one]\ntrigger: {status: [success, failure]}\n'

  it('replaces skipped dependencies by theirs, without doubles', () => {
    expect(stages(chain)).toMatchObject([
      { number: 1, name: 'one', dependsOn: [] },
      { number: 2, name: 'three', dependsOn: ['one'], onSuccess: true, onFailure: true },
    ])
    expect(plan(chain)).toMatchObject({
      skipped: [
        { name: 'two', rule: 'trigger.event', reason: 'trigger.event: push is not in [tag]' },
      ],
    })
  })

  it('runs all of a chain that matches', () => {
    const hook = makeHook({ event: 'tag', ref: 'refs/tags/v1' })
    expect(stages(chain, hook).map((stage) => stage.dependsOn)).toEqual([
      [],
      ['one'],
      ['two', 'one'],
    ])
  })

  it.each<[string, string, boolean, boolean]>([
    ['absent', 'trigger: {}', true, false],
    ['changed', 'trigger: {status: [changed]}', false, false],
    ['failure', 'trigger: {status: failure}', false, true],
    ['all but success', 'trigger: {status: {exclude: [success]}}', false, true],
  ])('trigger.status %s', (_, trigger, onSuccess, onFailure) => {
    expect(stages(`kind: pipeline\n${trigger}\n`)).toMatchObject([{ onSuccess, onFailure }])
  })

  it.each<[string, Partial<Hook>, string]>([
    ['{branch: [main, rel/*]}', { target: 'dev' }, 'trigger.branch: dev is not in [main, rel/*]'],
    ['{branch: {exclude: [d*]}}', { target: 'dev' }, 'trigger.branch: dev is excluded by d*'],
    ['{branch: {include: main}}', { target: 'dev' }, 'trigger.branch: dev is not in [main]'],
    ['{cron: nightly}', {}, 'trigger.cron: (empty) is not in [nightly]'],
    [
      '{ref: refs/tags/**}',
      { ref: 'refs/heads/x' },
      'trigger.ref: refs/heads/x is not in [refs/tags/**]',
    ],
    ['{repo: other/*}', {}, 'trigger.repo: acme/app is not in [other/*]'],
    [
      '{action: opened}',
      { action: 'synchronized' },
      'trigger.action: synchronized is not in [opened]',
    ],
    ['{target: prod}', { deployTo: 'staging' }, 'trigger.target: staging is not in [prod]'],
    [
      '{paths: {include: [src/**], exclude: ["**/*.md"]}}',
      { changedFiles: ['src/a.md', 'b'] },
      'trigger.paths: none of 2 changed files is in [src/**] and outside of [**/*.md]',
    ],
    ['{branch: "["}', { target: 'main' }, 'trigger.branch: main is not in [[]'],
  ])('skips by trigger %s and says why', (trigger, hook, reason) => {
    expect(
      plan(`kind: pipeline\ntrigger: ${trigger}\n`, makeHook({ event: 'push', ...hook })),
    ).toEqual({
      kind: 'none',
      skipped: [{ name: 'default', rule: reason.split(': ')[0], reason }],
    })
  })

  it.each([
    ['{paths: [docs/**]}'],
    ['{instance: [other]}'],
    ['{matrix: {a: b}}'],
    ['{branch: [[nested], main]}'],
    ['{branch: ~}'],
  ])('does not skip by %s', (trigger) => {
    expect(plan(`kind: pipeline\ntrigger: ${trigger}\n`).kind).toBe('stages')
  })

  it.each<[string, string]>([
    ['kind: pipeline\n---\nkind: pipeline\nname: default', 'linter: duplicate pipeline names'],
    [
      'kind: pipeline\ndepends_on: [b]\n---\nkind: pipeline\nname: b',
      'linter: invalid or unknown pipeline dependency',
    ],
    [
      'kind: pipeline\nname: a\ndepends_on: [a]',
      'linter: pipeline cannot have a dependency on itself',
    ],
    ['kind: pipeline\nplatform: {os: plan9}', 'linter: unsupported os: plan9'],
    ['kind: pipeline\nplatform: {arch: mips}', 'linter: unsupported architecture: mips'],
    ['name: a', 'yaml: missing kind attribute'],
    ['kind: pipeline\nname: [', 'yaml: '],
  ])('refuses %j', (text, message) => {
    expect(plan(text)).toMatchObject({ kind: 'error', message: expect.stringContaining(message) })
  })

  it('lets a pipeline depend on one without a name, as default', () => {
    const text = 'kind: pipeline\n---\nkind: pipeline\nname: b\ndepends_on: [default]\n'
    expect(stages(text)).toMatchObject([{ name: 'default' }, { dependsOn: ['default'] }])
  })

  it('makes stages of kinds it does not know, and none of secrets and signatures', () => {
    const text =
      'kind: secret\nname: a\n---\nkind: signature\nhmac: aa\n---\nkind: dance\nname: a\n---\nkind: cron\n'
    expect(stages(text)).toMatchObject([{ kind: 'dance', type: '', name: 'a' }])
  })

  it('finds nothing to do in a file without pipelines', () => {
    expect(plan('')).toEqual({ kind: 'none', skipped: [] })
  })
})
