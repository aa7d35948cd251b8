import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Given } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { defaultCompileSettings } from '../compile/compile-settings.ts'
import { parseManifest } from '../parse-manifest.ts'
import { substitutionValues } from '../substitution/substitution-values.ts'
import { baseEnvironment } from './compiled-environment.ts'
import { type RefreshState, refreshEnvironment } from './refresh-environment.ts'

const file = join(import.meta.dirname, '../../testdata/given.json')
const sample = JSON.parse(readFileSync(file, 'utf8')) as Given

const given = (build: Partial<Given['build']> = {}, more: Partial<Given> = {}): Given => ({
  ...sample,
  build: { ...sample.build, startedAt: 1_000, createdAt: 500, ...build },
  stage: { ...sample.stage, dependsOn: ['a', 'b'] },
  ...more,
})

const state: RefreshState = {
  buildStatus: 'running',
  stageStatus: 'running',
  stageStartedAt: 3_000,
  failedSteps: [],
  step: { name: 'notify', number: 4 },
  nowMs: 9_000,
}

describe('refreshEnvironment', () => {
  it('is that of a passing stage', () => {
    const variables = refreshEnvironment(given(), state)
    expect(variables).toMatchObject({
      DRONE_BUILD_NUMBER: '31',
      DRONE_BUILD_PARENT: '0',
      DRONE_BUILD_STATUS: 'success',
      CI_BUILD_STATUS: 'running',
      DRONE_BUILD_STARTED: '1',
      DRONE_BUILD_FINISHED: '9',
      CI_BUILD_FINISHED: '0',
      DRONE_STAGE_STARTED: '3',
      DRONE_STAGE_STATUS: 'success',
      DRONE_STAGE_DEPENDS_ON: 'a,b',
      DRONE_STEP_NAME: 'notify',
      DRONE_STEP_NUMBER: '4',
      DRONE_CARD_PATH: '/dev/stdout',
    })
    for (const absent of [
      'DRONE_FAILED_STEPS',
      'DRONE_FAILED_STAGES',
      'DRONE_TAG',
      'DRONE_PULL_REQUEST',
    ])
      expect(variables).not.toHaveProperty(absent)
  })

  it('tells now for a start that is not recorded, but in the older name', () => {
    expect(refreshEnvironment(given({ startedAt: 0 }), state)).toMatchObject({
      ...{ DRONE_BUILD_STARTED: '9', CI_BUILD_STARTED: '0' },
      ...{ DRONE_BUILD_CREATED: '0', CI_BUILD_CREATED: '0' },
    })
    expect(refreshEnvironment(given(), { ...state, stageStartedAt: 0 })).toMatchObject({
      ...{ DRONE_BUILD_STARTED: '1', CI_BUILD_STARTED: '1' },
      ...{ DRONE_STAGE_STARTED: '9', DRONE_STAGE_FINISHED: '9' },
    })
  })

  it('tells the end of a build that has one', () => {
    expect(refreshEnvironment(given({ finishedAt: 4_000 }), state)).toMatchObject({
      ...{ DRONE_BUILD_FINISHED: '4', CI_BUILD_FINISHED: '4' },
    })
  })

  it('tells what failed', () => {
    const failing = {
      ...state,
      buildStatus: 'failure',
      stageStatus: 'failure',
      failedSteps: ['x', 'y'],
    }
    expect(refreshEnvironment(given(), failing)).toMatchObject({
      DRONE_BUILD_STATUS: 'failure',
      CI_BUILD_STATUS: 'failure',
      DRONE_STAGE_STATUS: 'failure',
      DRONE_FAILED_STEPS: 'x,y',
      DRONE_FAILED_STAGES: '',
    })
    expect(refreshEnvironment(given(), { ...state, failedSteps: ['x'] })).toMatchObject({
      DRONE_STAGE_STATUS: 'failure',
      DRONE_FAILED_STEPS: 'x',
    })
    const siblings: Given['siblings'] = [
      { name: 'one', number: 1, status: 'error' },
      { name: 'two', number: 2, status: 'skipped' },
    ]
    expect(refreshEnvironment(given({}, { siblings }), state)).toMatchObject({
      DRONE_BUILD_STATUS: 'failure',
      DRONE_FAILED_STAGES: 'one',
      DRONE_STAGE_STATUS: 'success',
    })
  })

  it.each([
    ['refs/pull/42/head', '42'],
    ['refs/merge-requests/7/head', '7'],
    ['refs/pull/x', ''],
  ])('finds the number of the pull request of %s', (ref, number) => {
    const build = { event: 'pull_request', ref, title: 't' } as const
    expect(refreshEnvironment(given(build), state)).toMatchObject({
      DRONE_PULL_REQUEST: number,
      DRONE_PULL_REQUEST_TITLE: 't',
    })
  })

  it('tells the tag whatever the event, with its versions', () => {
    const build = { event: 'promote', ref: 'refs/tags/v24.5.0', deployTo: 'staging' } as const
    expect(refreshEnvironment(given(build), state)).toMatchObject({
      DRONE_TAG: 'v24.5.0',
      DRONE_SEMVER: '24.5.0',
      DRONE_CALVER: '24.5.0',
      DRONE_DEPLOY_TO: 'staging',
    })
  })

  it('cuts NULs, which no process can have', () => {
    expect(refreshEnvironment(given({ message: 'a\0b' }), state)['DRONE_COMMIT_MESSAGE']).toBe('ab')
  })
})

describe('layers', () => {
  const params = { DRONE_BRANCH: 'x', CI: 'x', own: 'param', MODE: 'param' }
  const settings = {
    ...defaultCompileSettings,
    environment: { own: 'worker', MODE: 'worker', base: 'worker', DRONE_REPO: 'x' },
    proxies: { http_proxy: 'lower', HTTPS_PROXY: 'upper', https_proxy: 'lower' },
  }

  it('orders the variables of a step: worker, parameters, pipeline, then ours', () => {
    const [document] = parseManifest(
      'kind: pipeline\nenvironment: {MODE: file, DRONE: x}\n',
    ).documents
    if (document?.role !== 'pipeline') throw new Error('no pipeline')
    expect(
      baseEnvironment(given({ params, authorEmail: '' }), document.pipeline, settings),
    ).toMatchObject({
      base: 'worker',
      own: 'param',
      MODE: 'file',
      CI: 'true',
      DRONE: 'true',
      DRONE_REPO: 'acme/app',
      DRONE_BRANCH: 'main',
      DRONE_BUILD_LINK: 'https://ci.example.org/acme/app/31',
      GIT_AUTHOR_NAME: 'Ana',
      GIT_COMMITTER_EMAIL: 'noreply@drone',
      http_proxy: 'lower',
      HTTP_PROXY: 'lower',
      https_proxy: 'upper',
      HTTPS_PROXY: 'upper',
    })
  })

  it('lets build parameters win in substitution', () => {
    const values = substitutionValues(given({ params }), settings.environment)
    expect([values.get('DRONE_BRANCH'), values.get('CI'), values.get('own')]).toEqual([
      'x',
      'x',
      'param',
    ])
    expect([values.get('base'), values.get('DRONE_REPO')]).toEqual(['worker', 'acme/app'])
    expect(values.has('DRONE_STEP_NAME')).toBe(false)
  })
})
