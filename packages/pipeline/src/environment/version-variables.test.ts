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

const noVersion = {}
const error = (text: string) => ({ DRONE_SEMVER_ERROR: text })
const noInteger = (part: string) => error(`strconv.ParseInt: parsing "${part}": invalid syntax`)

const semver = (
  [major, minor, patch]: readonly [number | bigint, number, number],
  { pre = '', build = '' } = {},
): Record<string, string> => {
  const short = `${major}.${minor}.${patch}`
  return {
    DRONE_SEMVER: short + (pre && `-${pre}`) + (build && `+${build}`),
    DRONE_SEMVER_MAJOR: `${major}`,
    DRONE_SEMVER_MINOR: `${minor}`,
    DRONE_SEMVER_PATCH: `${patch}`,
    DRONE_SEMVER_SHORT: short,
    ...(pre && { DRONE_SEMVER_PRERELEASE: pre }),
    ...(build && { DRONE_SEMVER_BUILD: build }),
  }
}

const calver = (
  [major, minor, micro]: readonly [string, string, string],
  modifier = '',
): Record<string, string> => {
  const short = `${major}.${minor}${micro && `.${micro}`}`
  return {
    DRONE_CALVER: short + (modifier && `-${modifier}`),
    DRONE_CALVER_SHORT: short,
    DRONE_CALVER_MAJOR_MINOR: `${major}.${minor}`,
    DRONE_CALVER_MAJOR: major,
    DRONE_CALVER_MINOR: minor,
    DRONE_CALVER_MICRO: micro,
    ...(modifier && { DRONE_CALVER_MODIFIER: modifier }),
  }
}

/** environment.md §16.3: both families of each tag, whole. */
describe('the test vectors of versions', () => {
  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['v4.5.6', semver([4, 5, 6]), noVersion],
    ['4.5.6-rc.1+b5', semver([4, 5, 6], { pre: 'rc.1', build: 'b5' }), noVersion],
    ['v1.2.3-rc1-x+m.1', semver([1, 2, 3], { pre: 'rc1-x', build: 'm.1' }), noVersion],
    ['v01.2.3', semver([1, 2, 3]), noVersion],
    ['v1.2.3-', semver([1, 2, 3]), noVersion],
    ['V1.2.3', noInteger('V1'), noVersion],
    ['v1.2', error('1.2 is not in dotted-tri format'), noVersion],
    ['v1.2.3.4', noInteger('3.4'), noVersion],
    ['release-1.2.3', error('release is not in dotted-tri format'), noVersion],
    ['vv1.2.3', noInteger('v1'), noVersion],
    ['19.04.2', semver([19, 4, 2]), calver(['19', '04', '2'])],
    ['v24.5.0-beta.1', semver([24, 5, 0], { pre: 'beta.1' }), calver(['24', '5', '0'], 'beta.1')],
    ['2023.10', error('2023.10 is not in dotted-tri format'), calver(['2023', '10', ''])],
    ['2019.1.2.3', noInteger('2.3'), calver(['2019', '1', '2.3'])],
    ['20.1-rc.2', error('20.1 is not in dotted-tri format'), noVersion],
    ['18.1.0', semver([18, 1, 0]), noVersion],
    ['2018.1.1', semver([2018, 1, 1]), noVersion],
    ['100.1.1', semver([100, 1, 1]), noVersion],
    ['9999.1', error('9999.1 is not in dotted-tri format'), noVersion],
    // The edges of the rules in §16.1 and §16.2.
    ['99.1', error('99.1 is not in dotted-tri format'), calver(['99', '1', ''])],
    ['2019.1.1', semver([2019, 1, 1]), calver(['2019', '1', '1'])],
    ['9998.1.1-a-b', semver([9998, 1, 1], { pre: 'a-b' }), calver(['9998', '1', '1'], 'a-b')],
    [
      '1.2.3+b_1',
      error('failed to validate metadata: b_1 is not a valid semver identifier'),
      noVersion,
    ],
    ['9223372036854775807.0.0', semver([9_223_372_036_854_775_807n, 0, 0]), noVersion],
    [
      '9223372036854775808.0.0',
      error('strconv.ParseInt: parsing "9223372036854775808": value out of range'),
      noVersion,
    ],
    [`${'0'.repeat(70)}1.2.3`, semver([1, 2, 3]), noVersion],
    ['1..3', noInteger(''), noVersion],
  ])('%s', (tag, expectedSemver, expectedCalver) => {
    expect(semverVariables(tag)).toEqual(expectedSemver)
    expect(calverVariables(tag)).toEqual(expectedCalver)
  })
})
