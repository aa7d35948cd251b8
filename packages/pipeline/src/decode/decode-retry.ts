import { mostRetries, noRetry, type Retry, type RetryReason } from '@waggle/domain'
import { resolveScalar } from '../yaml/scalar.ts'
import type { YamlNode } from '../yaml/yaml-node.ts'
import { closestWord } from './closest-word.ts'
import { sourceText } from './fields.ts'
import type { WaggleFields } from './waggle-fields.ts'

const count = { min: 0, max: mostRetries, fallback: 0 } as const

/** `retry: 2`, or a mapping with `count`, `on` and, for steps, `delay`. */
export const decodeRetry = (waggle: WaggleFields, of: 'step' | 'pipeline'): Retry => {
  const node = waggle.fields.node('retry')
  if (node === null) return noRetry
  if (node.kind === 'scalar')
    return { ...noRetry, count: waggle.int('retry', count), on: ['failure'] }
  const keys = of === 'step' ? ['count', 'on', 'delay'] : ['count', 'on']
  const retry = waggle.inner('retry', keys)
  if (retry === null) return noRetry
  if (!retry.has('count')) waggle.issue('retry', 'count is missing: how many further tries?')
  return {
    count: retry.int('count', count),
    on: retry.has('on') ? decodeReasons(retry, of) : ['failure'],
    delayMs: of === 'step' ? retry.duration('delay', { min: 0, max: 600_000, fallback: 0 }) : 0,
  }
}

const reasons: Readonly<Record<'step' | 'pipeline', readonly RetryReason[]>> = {
  step: ['failure', 'error', 'timeout'],
  pipeline: ['failure', 'error', 'worker_lost'],
}

/** A word or an exit code, or a list of them. */
const decodeReasons = (retry: WaggleFields, of: 'step' | 'pipeline'): Retry['on'] => {
  const node = retry.fields.node('on')
  const items = node?.kind === 'list' ? node.items : node === null ? [] : [node]
  if (items.length === 0) retry.issue('on', 'must name at least one reason or exit code')
  if (items.length > 50) retry.issue('on', 'must not have more than 50 entries')
  return items.slice(0, 50).flatMap((item, index) => {
    const reason = readReason(item, of)
    if (typeof reason !== 'string' || isReason(reason, of)) return [reason as RetryReason | number]
    const path = node?.kind === 'list' ? `${retry.fields.pathOf('on')}[${index}]` : ''
    retry.fields.sink.add('waggle_value', reason, path || retry.fields.pathOf('on'), item)
    return []
  })
}

const isReason = (text: string, of: 'step' | 'pipeline'): boolean =>
  reasons[of].some((reason) => reason === text)

/** The reason, or the text of the issue. */
const readReason = (item: YamlNode, of: 'step' | 'pipeline'): string | number => {
  const known = [...reasons[of], 'an exit code from 1 to 255'].join(', ')
  if (item.kind !== 'scalar') return `must be one of ${known}`
  const value = resolveScalar(item)
  if (value.type === 'int') {
    if (value.value === 78n)
      return 'exit code 78 is a success and ends the stage: it is not retried'
    return value.value >= 1n && value.value <= 255n
      ? Number(value.value)
      : 'an exit code is a number from 1 to 255'
  }
  const text = sourceText(item)
  if (isReason(text, of)) return text
  if (text === 'worker_lost')
    return 'a lost worker takes the whole stage with it: name worker_lost in the retry of the pipeline'
  const meant = closestWord(text, reasons[of])
  return meant === null ? `must be one of ${known}` : `did you mean '${meant}'?`
}
