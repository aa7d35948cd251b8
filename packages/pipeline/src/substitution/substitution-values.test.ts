// biome-ignore-all lint/suspicious/noTemplateCurlyInString: expressions of pipeline files look like this
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Given } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { substitutionValues } from './substitution-values.ts'

const file = join(import.meta.dirname, '../../testdata/given.json')
const sample = JSON.parse(readFileSync(file, 'utf8')) as Given

/** environment.md §2.2. */
describe('what ${…} stands for', () => {
  it.each([
    ['a system', 'CI', 'true'],
    ['a repository', 'DRONE_REPO', 'acme/app'],
    ['a build', 'DRONE_BRANCH', 'main'],
    ['a stage', 'DRONE_STAGE_NAME', 'default'],
    ['a link', 'DRONE_BUILD_LINK', 'https://ci.example.org/acme/app/31'],
    ['an older', 'CI_REPO_NAME', 'acme/app'],
  ])("%s variable wins over the worker's, and a build parameter over both", (_, name, value) => {
    const worker = { [name]: 'worker' }
    const build = { ...sample.build, params: { [name]: 'param' } }
    expect(substitutionValues(sample, worker).get(name)).toBe(value)
    expect(substitutionValues({ ...sample, build }, worker).get(name)).toBe('param')
  })

  it('is the worker variable where nothing else has the name', () => {
    expect(substitutionValues(sample, { OWN: 'worker' }).get('OWN')).toBe('worker')
  })

  it('knows nothing of the extension, of git, proxies, workspace and credentials', () => {
    const external = {
      environment: [{ name: 'FAR', value: 'x', isMasked: false }],
      registries: [],
    }
    const netrc = { machine: 'm', login: 'l', password: 'p' }
    const names = [...substitutionValues({ ...sample, external, netrc }, {}).keys()]
    const others = /^FAR$|^GIT_|proxy|PROXY|WORKSPACE|NETRC|^DRONE_STEP_|^DRONE_DOCKER_/
    expect(names.filter((name) => others.test(name))).toEqual([])
  })
})
