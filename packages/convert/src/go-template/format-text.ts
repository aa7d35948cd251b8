import type { Value } from '../yaml-value.ts'
import type { FunctionCall } from './function-call.ts'
import { printValue } from './print-value.ts'

const verbPattern = /%([-+# 0]*)(\d{0,4})(?:\.(\d{0,3}))?([\s\S])/g

/** Go's `printf` with the verbs that text needs: v s d q t f e g x X c and %%. Others print as Go prints a mistake. */
export const formatText = ({ values, budget }: FunctionCall): string => {
  const [format = null, ...rest] = values
  let next = 0
  return printValue(format).replace(
    verbPattern,
    (_all, flags: string, width: string, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%'
      if (next >= rest.length) return `%!${verb}(MISSING)`
      const value = rest[next++] ?? null
      const digits = precision === undefined ? -1 : Number(precision)
      const text = formatOne(verb, value, digits, flags)
      budget.spend(text.length + Number(width))
      if (flags.includes('-')) return text.padEnd(Number(width))
      const isZeroed = flags.includes('0') && typeof value !== 'string'
      if (!isZeroed) return text.padStart(Number(width))
      const sign = /^[+-]/.exec(text)?.[0] ?? ''
      return sign + text.slice(sign.length).padStart(Number(width) - sign.length, '0')
    },
  )
}

const formatOne = (verb: string, value: Value, digits: number, flags: string): string => {
  const plain = printValue(value)
  const sign = flags.includes('+') && !plain.startsWith('-') ? '+' : ''
  switch (verb) {
    case 'v':
      return plain
    case 's':
      if (typeof value !== 'string') break
      return digits < 0 ? value : Array.from(value).slice(0, digits).join('')
    case 'q':
      if (typeof value === 'string') return JSON.stringify(value)
      break
    case 't':
      if (typeof value === 'boolean') return plain
      break
    case 'd':
      if (typeof value === 'bigint') return sign + plain
      break
    case 'c':
      if (typeof value === 'bigint' && value >= 0n && value <= 0x10ffffn)
        return String.fromCodePoint(Number(value))
      break
    case 'x':
    case 'X': {
      if (typeof value !== 'bigint' && typeof value !== 'string') break
      const hex =
        typeof value === 'bigint' ? value.toString(16) : Buffer.from(value, 'utf8').toString('hex')
      return verb === 'X' ? hex.toUpperCase() : hex
    }
    case 'f':
      if (typeof value === 'number')
        return sign + value.toFixed(digits < 0 ? 6 : Math.min(digits, 100))
      break
    case 'e':
      if (typeof value === 'number')
        return (
          sign +
          value
            .toExponential(digits < 0 ? 6 : Math.min(digits, 100))
            .replace(/e([+-])(\d)$/, 'e$10$2')
        )
      break
    case 'g':
      if (typeof value === 'number') return sign + plain
      break
    default:
      break
  }
  return `%!${verb}(${plain})`
}
