import fc from 'fast-check'
import { Act } from '../act.ts'
import { entryOf, type Model, type ModelAttempt, type ModelStage } from '../model.ts'
import type { World } from '../open-world.ts'
import { takeFirst, waiting } from './accept.ts'
import { approveIt } from './decide.ts'
import { away, pick, which } from './draw.ts'
import { beatWith } from './lose.ts'
import { telling } from './telling.ts'
import { acknowledgeIt, callIt, finishIt, nameOf, startIt, type UnderLease } from './under-lease.ts'

/** What comes next for something that is there: these move builds on to their ends. */
export const goOn = fc.record({ at: which, extra: which, isAway: away }).map(
  ({ at, extra, isAway }) =>
    new Act(
      'go on:',
      (model) => nexts(model).length > 0,
      async (model, world) => {
        const said = await pick(nexts(model), at)(model, world, extra, isAway)
        return `${said}${isAway ? ', Redis is away' : ''}`
      },
    ),
)

type Next = (model: Model, world: World, extra: number, isAway: boolean) => Promise<string>

const nexts = (model: Model): readonly Next[] => [
  // Also those that came under a limit since they were offered: their accept is refused.
  ...waiting(model)
    .filter((stage) => model.offered.has(entryOf(stage)))
    .map(acceptNext),
  ...model.open.map(reportNext),
  ...model.stages.filter(({ status }) => status === 'blocked').map(approveNext),
]

const acceptNext =
  (stage: ModelStage): Next =>
  async (model, world, extra) =>
    `accept ${await takeFirst(model, world, stage, extra % 2)}`

const approveNext =
  (stage: ModelStage): Next =>
  async (model, world, _, isAway) =>
    `approve ${await telling(model, world, isAway, () => approveIt(model, world, stage))}`

const reportNext =
  (attempt: ModelAttempt): Next =>
  async (model, world, extra, isAway) => {
    // It hears of the cancel first, now and then.
    if (attempt.state === 'closing' && extra % 3 === 0)
      return `heartbeat ${await beatWith(world, attempt.worker, [attempt])}`
    const [name, doing, which_] = nextReport(attempt, extra)
    const said = await callIt(model, world, attempt, isAway, doing, which_)
    return `${name} ${nameOf(attempt)}: ${said}`
  }

const nextReport = (
  { state, stage }: ModelAttempt,
  extra: number,
): readonly [string, UnderLease, number] => {
  if (state === 'closing') return ['acknowledge', acknowledgeIt, 0]
  if (stage.status === 'pending') return ['start', startIt, extra]
  return ['finish', finishIt, extra % 3 === 0 ? extra : 0]
}
