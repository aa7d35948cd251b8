/** The members that have something to say: "omitempty" of rest-api.md §3.1 leaves out 0, "", false, null, empty lists
 *  and empty objects. */
export const optional = <T extends Record<string, unknown>>(members: T): Partial<T> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => !isEmpty(value))) as Partial<T>

const isEmpty = (value: unknown): boolean => {
  if (value === null || value === undefined || value === 0 || value === '' || value === false)
    return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}
