import { isFailed, type Mismatch, type Stage } from '@waggle/domain'
import { spell } from '../spell.ts'
import type { AwaitedStage, NamedWorker, NearWorker, Span, WaitReason } from './wait-reason.ts'

export interface SayContext {
  readonly nowMs: number
  readonly stage: Pick<Stage, 'name' | 'type' | 'os' | 'arch' | 'variant' | 'kernel' | 'labels'>
  /** Whether workers may be named; yes unless said. */
  readonly isNaming?: boolean
}

/** One sentence for people. */
export const sayReason = (reason: WaitReason, context: SayContext): string => {
  const ago = (at: number) => (at === 0 ? '' : ` for ${spell(context.nowMs - at)}`)
  switch (reason.code) {
    case 'dependency':
      return reason.stages.length === 0
        ? 'What it depends on is over: it is released at this moment.'
        : `It waits for ${list(reason.stages, (stage) => `stage ${stage.number} ${quote(stage.name)} (${stage.status})`)}.`
    case 'approval':
      return `It waits${ago(reason.since)} for somebody to approve it.`
    case 'paused':
      return `The queue is paused${ago(reason.since)}${reason.by === '' ? '' : ` by ${quote(reason.by)}`}: nothing starts until it is resumed.`
    case 'limit':
      return `At most ${count(reason.limit, 'stage')} named ${quote(context.stage.name)} may run at once: ${heldBy(reason)}.`
    case 'throttle':
      return `At most ${count(reason.limit, 'stage')} of this repository may run at once: ${heldBy(reason)}.`
    case 'no_worker':
      return sayNoWorker(reason, context)
    case 'workers_away':
      return `${workers(reason, context)} could run it, but nothing is heard of ${reason.count === 1 ? 'it' : 'them'}${ago(reason.workers[0]?.lastSeenAt ?? 0)}.`
    case 'workers_drained':
      return `${workers(reason, context)} could run it, but ${reason.count === 1 ? 'is' : 'are'} drained: nothing new is taken until resumed.`
    case 'workers_busy':
      return `All ${count(reason.slots, 'slot')} of the ${count(reason.workers, 'worker')} that can run it are busy; the next is likely to be free ${within(reason.slotFreeIn)}.`
    case 'others_first':
      return `${count(reason.free, 'slot')} free, but ${count(reason.ahead, 'stage')} of the same kind ${reason.ahead === 1 ? 'comes' : 'come'} first.`
    case 'not_queued':
      return reason.isWhole
        ? `The queue has lost its entries; everything is put back ${due(reason.nextCheckAt, context.nowMs)}.`
        : `The queue does not hold its entry; the reconciler puts it back when its check comes to it, the next one ${due(reason.nextCheckAt, context.nowMs)}.`
    case 'queue_away':
      return 'The queue (Redis) does not answer; workers that notice ask the API for stages instead.'
    case 'offered':
      return 'A worker has fetched it and asks for it at this moment.'
    case 'due':
      return `Nothing holds it back: ${count(reason.free, 'slot')} free, a worker is about to take it.`
    case 'accepted':
      return `${quote(reason.worker)} accepted it${ago(reason.since).replace(' for ', ' ')} ago and prepares it; attempt ${reason.attempt}${contact(reason, context)}.`
    case 'running':
      return `It runs on ${quote(reason.worker)}${ago(reason.since)}; attempt ${reason.attempt}${contact(reason, context)}.`
    case 'ended':
      return `It is over: ${reason.status}${isFailed(reason.status) && reason.error !== '' ? ` (${short(reason.error)})` : ''}.`
    default:
      return reason satisfies never
  }
}

/** `likely` in words: when, from now. */
export const within = (span: Span | null): string => {
  if (span === null) return 'at a time nobody can tell'
  if (span.highMs < 1_000) return 'now'
  const [low, high] = [spell(span.lowMs), spell(span.highMs)]
  if (low === high) return `in about ${high}`
  return span.lowMs < 1_000 ? `within ${high}` : `in ${low} to ${high}`
}

const sayNoWorker = (
  reason: Extract<WaitReason, { code: 'no_worker' }>,
  { stage, isNaming = true }: SayContext,
): string => {
  const wanted = [stage.type || 'docker', `${stage.os}/${stage.arch}`, stage.variant, stage.kernel]
    .filter((part) => part !== '' && part !== '/')
    .map(short)
    .join(' ')
  const labels = Object.entries(stage.labels).map(([key, value]) => short(`${key}=${value}`))
  const what = labels.length === 0 ? wanted : `${wanted} with ${list(labels, (label) => label)}`
  if (reason.known === 0) return `No worker is known; it needs one for ${what}.`
  const near = reason.nearest.slice(0, isNaming ? 3 : 1)
  const nearest = near.map((worker) => differs(worker, isNaming)).join('; ')
  return `None of the ${count(reason.known, 'known worker')} can run it (${what}). Nearest: ${nearest}.`
}

const differs = ({ name, state, differs: all }: NearWorker, isNaming: boolean): string => {
  const who = isNaming ? `${quote(name)} (${state})` : 'one that'
  return `${who} has ${list(all, (one: Mismatch) => `${one.attribute} ${value(one.worker)} instead of ${value(one.stage)}`)}`
}

const workers = (
  reason: { readonly count: number; readonly workers: readonly NamedWorker[] },
  { isNaming = true }: SayContext,
): string => {
  if (!isNaming) return count(reason.count, 'worker')
  const names = reason.workers.map(({ name }) => quote(name))
  const more = reason.count - names.length
  return [...names, ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

const heldBy = (reason: { readonly count: number; readonly heldBy: readonly AwaitedStage[] }) => {
  const named = reason.heldBy.map(({ build, number, name, status, isLost, endsIn }) => {
    const ends = endsIn === null ? '' : `, ends ${within(endsIn)}`
    const how = isLost ? 'lost with its worker, may still run' : status
    return `${quote(name)} of build ${build} (stage ${number}, ${how}${ends})`
  })
  const more = reason.count - named.length
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

const contact = (reason: { readonly lastContactAt: number }, { nowMs }: SayContext): string => {
  const silentMs = nowMs - reason.lastContactAt
  return silentMs < 10_000 ? '' : `, last heard of ${spell(silentMs)} ago`
}

const due = (at: number, nowMs: number): string =>
  at === 0 ? 'soon' : at <= nowMs ? 'now' : `in ${spell(at - nowMs)}`

const count = (number: number, noun: string): string =>
  `${number} ${number === 1 ? noun : `${noun}s`}`

const list = <T>(items: readonly T[], say: (item: T) => string): string => {
  const said = items.slice(0, 10).map(say)
  const more = items.length - said.length
  if (more > 0) said.push(`${more} more`)
  const last = said.pop() ?? ''
  return said.length === 0 ? last : `${said.join(', ')} and ${last}`
}

const value = (text: string): string => (text === '' ? 'none' : quote(text))
const quote = (text: string): string => `"${short(text || 'default')}"`
/** Texts of files and workers: one line, not endless. */
const short = (text: string): string => {
  const clean = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ')
  return clean.length > 120 ? `${clean.slice(0, 119).toWellFormed()}…` : clean
}
