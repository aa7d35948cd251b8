import { expect } from 'vitest'
import { pipelineText } from './pipeline-text.ts'
import { readLedger, type System } from './start-system.ts'

/** Commands of a step that notes its start and its end where no process of Waggle can: in a file that the container
 *  itself appends to. The nonce makes two starts of one step two different lines. */
export const witnessed = (file: string, seconds: number): readonly string[] => [
  'nonce=$(cat /proc/sys/kernel/random/uuid)',
  `echo "S $DRONE_BUILD_NUMBER $DRONE_STAGE_NAME $DRONE_STEP_NAME $nonce" >> /ledger/${file}`,
  `sleep ${seconds}`,
  `echo "E $DRONE_BUILD_NUMBER $DRONE_STAGE_NAME $DRONE_STEP_NAME $nonce" >> /ledger/${file}`,
]

export interface Witness {
  /** How often each step was started, by `build stage step`. */
  readonly started: Readonly<Record<string, number>>
  readonly ended: Readonly<Record<string, number>>
}

export const witnessOf = (system: System, file: string): Witness => {
  const count = (mark: string) => {
    const counts: Record<string, number> = {}
    for (const line of readLedger(system, file)) {
      const [first, build, stage, step] = line.split(' ')
      if (first !== mark) continue
      const key = `${build} ${stage} ${step}`
      counts[key] = (counts[key] ?? 0) + 1
    }
    return counts
  }
  return { started: count('S'), ended: count('E') }
}

/** Submits builds of two witnessed steps; gives their numbers. */
export const submitWitnessed = async (
  system: System,
  file: string,
  count: number,
): Promise<readonly number[]> => {
  const text = pipelineText([
    { name: 'one', commands: witnessed(file, 1) },
    { name: 'two', commands: witnessed(file, 0) },
  ])
  const numbers: number[] = []
  for (let i = 0; i < count; i++) numbers.push((await system.client.submit(text)).number)
  return numbers
}

/** Waits for the builds of `submitWitnessed` and demands that all passed and each step ran exactly once. */
export const expectEveryStepOnce = async (
  system: System,
  file: string,
  numbers: readonly number[],
): Promise<void> => {
  const builds = await Promise.all(numbers.map((number) => system.client.ended(number, 90_000)))
  expect(builds.map((build) => build.status)).toEqual(numbers.map(() => 'success'))
  const once = Object.fromEntries(
    numbers.flatMap((number) => [
      [`${number} default one`, 1],
      [`${number} default two`, 1],
    ]),
  )
  expect(witnessOf(system, file)).toEqual({ started: once, ended: once })
}
