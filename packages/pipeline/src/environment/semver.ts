/** Variables of a semantic version (environment.md §16.1), names without the `DRONE_SEMVER` prefix: `''` is the
 *  version itself. A tag that is none gives only `_ERROR`. */
export const semverVariables = (tag: string): Record<string, string> => {
  const parsed = parseSemver(tag.replace(/^v/, ''))
  if (typeof parsed === 'string') return { DRONE_SEMVER_ERROR: parsed }
  const { numbers, pre, build } = parsed
  const short = numbers.join('.')
  const version = `${short}${pre === '' ? '' : `-${pre}`}${build === '' ? '' : `+${build}`}`
  return {
    DRONE_SEMVER: version,
    DRONE_SEMVER_MAJOR: numbers[0]!,
    DRONE_SEMVER_MINOR: numbers[1]!,
    DRONE_SEMVER_PATCH: numbers[2]!,
    DRONE_SEMVER_SHORT: short,
    ...(pre === '' ? {} : { DRONE_SEMVER_PRERELEASE: pre }),
    ...(build === '' ? {} : { DRONE_SEMVER_BUILD: build }),
  }
}

const parseSemver = (
  text: string,
): { numbers: readonly string[]; pre: string; build: string } | string => {
  const [beforeBuild, build] = splitFirst(text, '+')
  const [rest, pre] = splitFirst(beforeBuild, '-')
  const [major, afterMajor] = splitFirst(rest, '.')
  const [minor, patch] = splitFirst(afterMajor, '.')
  if (rest.split('.').length < 3) return `${rest} is not in dotted-tri format`
  for (const [what, part] of [
    ['pre-release', pre],
    ['metadata', build],
  ] as const) {
    if (part !== '' && !isIdentifiers(part))
      return `failed to validate ${what}: ${part} is not a valid semver identifier`
  }
  const numbers: string[] = []
  for (const part of [major, minor, patch]) {
    const number = parseInt64(part)
    if (number === null) {
      const why = /^[-+]?[0-9]+$/.test(part) ? 'value out of range' : 'invalid syntax'
      return `strconv.ParseInt: parsing "${part}": ${why}`
    }
    numbers.push(String(number))
  }
  return { numbers, pre, build }
}

const splitFirst = (text: string, separator: string): [string, string] => {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

const isIdentifiers = (text: string): boolean =>
  text.split('.').every((part) => /^[0-9A-Za-z-]+$/.test(part))

const parseInt64 = (text: string): bigint | null => {
  if (!/^[-+]?[0-9]+$/.test(text)) return null
  const digits = text.replace(/^[-+]?0*/, '') || '0'
  if (digits.length > 19) return null
  const value = BigInt(text.startsWith('-') ? `-${digits}` : digits)
  return value >= -(2n ** 63n) && value < 2n ** 63n ? value : null
}
