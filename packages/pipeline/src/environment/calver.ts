/** Variables of a calendar version (environment.md §16.2); none when the tag is not one. */
export const calverVariables = (tag: string): Record<string, string> => {
  const parts = tag.replace(/^v/, '').split('.')
  const [major, minor] = parts
  if (major === undefined || minor === undefined) return {}
  const rest = parts.slice(2).join('.')
  const dash = rest.indexOf('-')
  const micro = dash < 0 ? rest : rest.slice(0, dash)
  const modifier = dash < 0 ? '' : rest.slice(dash + 1)
  if (!isDecimal(major) || !isDecimal(minor) || !isYear(Number(major))) return {}
  const short = `${major}.${minor}${micro === '' ? '' : `.${micro}`}`
  return {
    DRONE_CALVER: `${short}${modifier === '' ? '' : `-${modifier}`}`,
    DRONE_CALVER_SHORT: short,
    DRONE_CALVER_MAJOR_MINOR: `${major}.${minor}`,
    DRONE_CALVER_MAJOR: major,
    DRONE_CALVER_MINOR: minor,
    DRONE_CALVER_MICRO: micro,
    ...(modifier === '' ? {} : { DRONE_CALVER_MODIFIER: modifier }),
  }
}

const isDecimal = (text: string): boolean => /^[-+]?[0-9]{1,15}$/.test(text)

const isYear = (year: number): boolean => (year > 18 && year < 100) || (year > 2018 && year < 9999)
