import { describe, expect, it } from 'vitest'
import { calverVariables } from './calver.ts'
import { semverVariables } from './semver.ts'

describe('semverVariables', () => {
  it.each<[string, string]>([
    ['v4.5.6', '4.5.6'],
    ['4.5.6-rc.1+b5', '4.5.6-rc.1+b5'],
    ['v1.2.3-rc1-x+m.1', '1.2.3-rc1-x+m.1'],
    ['v01.2.3', '1.2.3'],
    ['v1.2.3-', '1.2.3'],
    ['19.04.2', '19.4.2'],
    ['v24.5.0-beta.1', '24.5.0-beta.1'],
    ['2018.1.1', '2018.1.1'],
  ])('%s is %s', (tag, version) => {
    expect(semverVariables(tag)['DRONE_SEMVER']).toBe(version)
  })

  it.each<[string, string]>([
    ['V1.2.3', 'parsing "V1"'],
    ['v1.2', '1.2 is not in dotted-tri format'],
    ['v1.2.3.4', 'parsing "3.4"'],
    ['release-1.2.3', 'release is not in dotted-tri format'],
    ['vv1.2.3', 'parsing "v1"'],
    ['2023.10', 'dotted-tri'],
    ['1.2.3-a..b', 'failed to validate pre-release: a..b is not a valid semver identifier'],
    ['1.2.99999999999999999999', 'value out of range'],
  ])('%s is none: %s', (tag, message) => {
    const variables = semverVariables(tag)
    expect(Object.keys(variables)).toEqual(['DRONE_SEMVER_ERROR'])
    expect(variables['DRONE_SEMVER_ERROR']).toContain(message)
  })

  it('takes a version apart', () => {
    expect(semverVariables('4.5.6-rc.1+b5')).toEqual({
      DRONE_SEMVER: '4.5.6-rc.1+b5',
      DRONE_SEMVER_MAJOR: '4',
      DRONE_SEMVER_MINOR: '5',
      DRONE_SEMVER_PATCH: '6',
      DRONE_SEMVER_SHORT: '4.5.6',
      DRONE_SEMVER_PRERELEASE: 'rc.1',
      DRONE_SEMVER_BUILD: 'b5',
    })
  })
})

describe('calverVariables', () => {
  it.each<[string, string, string]>([
    ['19.04.2', '19.04.2', '19.04.2'],
    ['v24.5.0-beta.1', '24.5.0-beta.1', '24.5.0'],
    ['2023.10', '2023.10', '2023.10'],
    ['2019.1.2.3', '2019.1.2.3', '2019.1.2.3'],
  ])('%s is %s, short %s', (tag, version, short) => {
    expect(calverVariables(tag)).toMatchObject({ DRONE_CALVER: version, DRONE_CALVER_SHORT: short })
  })

  it.each(['v4.5.6', '20.1-rc.2', '18.1.0', '2018.1.1', '100.1.1', '9999.1', 'x', '7'])(
    '%s is none',
    (tag) => {
      expect(calverVariables(tag)).toEqual({})
    },
  )

  it('takes a version apart, and says that two parts have no micro', () => {
    expect(calverVariables('v24.05.1-beta.1')).toEqual({
      DRONE_CALVER: '24.05.1-beta.1',
      DRONE_CALVER_SHORT: '24.05.1',
      DRONE_CALVER_MAJOR_MINOR: '24.05',
      DRONE_CALVER_MAJOR: '24',
      DRONE_CALVER_MINOR: '05',
      DRONE_CALVER_MICRO: '1',
      DRONE_CALVER_MODIFIER: 'beta.1',
    })
    expect(calverVariables('2023.10')).toMatchObject({ DRONE_CALVER_MICRO: '' })
  })
})
