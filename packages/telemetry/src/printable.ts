const textLimit = 4_096
const stackLimit = 8_192
const entryLimit = 50
const depthLimit = 5

/** Plain data for the log, of bounded size: texts are cut, deep and wide values end in a mark, an Error becomes its
 *  name, message, code, fields, stack and cause, and an object of any class but Date only shows the class's name
 *  (so a value that is made to be hidden stays hidden, threats.md T-07). Never throws. */
export const printable = (value: unknown): unknown => {
  try {
    return show(value, 0)
  } catch {
    // A getter that throws, a revoked proxy: the log goes on without it.
    return '[unprintable]'
  }
}

const show = (value: unknown, depth: number): unknown => {
  switch (typeof value) {
    case 'string':
      return cut(value, textLimit)
    case 'number':
    case 'boolean':
    case 'undefined':
      return value
    case 'bigint':
      return value.toString()
    case 'symbol':
    case 'function':
      return `[${typeof value}]`
    case 'object':
      return value === null ? null : showObject(value, depth)
    default:
      return '[unknown]'
  }
}

const showObject = (value: object, depth: number): unknown => {
  if (value instanceof Error) return showError(value, depth)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[Date]' : value.toISOString()
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth >= depthLimit) return '[deep]'
  if (Array.isArray(value)) return showList(value, depth)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return `[${className(value)}]`
  const shown: Record<string, unknown> = {}
  let left = entryLimit
  for (const [key, entry] of Object.entries(value)) {
    if (left-- === 0) {
      shown['…'] = 'more'
      break
    }
    shown[cut(key, 200)] = show(entry, depth + 1)
  }
  return shown
}

const showList = (list: readonly unknown[], depth: number): unknown[] => {
  const shown = list.slice(0, entryLimit).map((entry) => show(entry, depth + 1))
  if (list.length > entryLimit) shown.push(`… ${list.length - entryLimit} more`)
  return shown
}

const showError = (error: Error, depth: number): unknown => {
  if (depth >= depthLimit) return '[deep]'
  const { code, kind, fields } = error as { code?: unknown; kind?: unknown; fields?: unknown }
  return {
    name: cut(String(error.name), 200),
    message: cut(String(error.message), textLimit),
    ...(code === undefined ? {} : { code: show(code, depth + 1) }),
    ...(kind === undefined ? {} : { kind: show(kind, depth + 1) }),
    ...(isEmpty(fields) ? {} : { fields: show(fields, depth + 1) }),
    ...(typeof error.stack === 'string' ? { stack: cut(error.stack, stackLimit) } : {}),
    ...(error.cause === undefined ? {} : { cause: show(error.cause, depth + 1) }),
  }
}

const isEmpty = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || Object.keys(value).length === 0

const className = (value: object): string => {
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? cut(name, 100) : 'object'
}

const cut = (text: string, limit: number): string =>
  text.length <= limit ? text : `${text.slice(0, limit)}… (${text.length} characters)`
