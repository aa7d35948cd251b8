import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Given } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { defaultCompileSettings } from './compile-settings.ts'
import { stageLabels, stepLabels } from './stage-labels.ts'

const file = join(import.meta.dirname, '../../testdata/given.json')
const sample = JSON.parse(readFileSync(file, 'utf8')) as Given

const labelsOf = (timeoutMinutes: number) =>
  stageLabels({ ...sample, repo: { ...sample.repo, timeoutMinutes } }, defaultCompileSettings)

const ofDrone = (labels: Record<string, string>) =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => name.startsWith('io.drone')))

/** pipeline.md §12.15. */
describe('labels of what is made for a stage', () => {
  it("are Drone's, with times that compiling again gives again", () => {
    expect(ofDrone(labelsOf(60))).toEqual({
      'io.drone': 'true',
      'io.drone.protected': 'false',
      'io.drone.repo.namespace': 'acme',
      'io.drone.repo.name': 'app',
      'io.drone.repo.slug': 'acme/app',
      'io.drone.build.number': '31',
      'io.drone.stage.name': 'default',
      'io.drone.stage.number': '1',
      'io.drone.system.host': 'ci.example.org',
      'io.drone.system.proto': 'https',
      'io.drone.system.version': '1.4.0',
      'io.drone.ttl': '1h0m0s',
      'io.drone.created': '1700000000',
      'io.drone.expires': String(1_700_000_000 + 3_600 + 3_600),
    })
  })

  it.each([
    [1, '1m0s'],
    [30, '30m0s'],
    [90, '1h30m0s'],
    [1_500, '25h0m0s'],
  ])('tell %d minutes as %s', (minutes, text) => {
    expect(labelsOf(minutes)).toMatchObject({
      'io.drone.ttl': text,
      'io.drone.expires': String(1_700_000_000 + minutes * 60 + 3_600),
    })
  })

  it('of a container add the step, with the number that people see', () => {
    const labels = labelsOf(60)
    expect(ofDrone(stepLabels(labels, { name: 'a', number: 4 }))).toEqual({
      ...ofDrone(labels),
      'io.drone.step.name': 'a',
      'io.drone.step.number': '4',
    })
  })
})
