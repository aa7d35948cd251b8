import { expect, it } from 'vitest'
import { hostVariables } from './host-variables.ts'

it('tells what of the environment is not ours', () => {
  const environment = {
    ...{ HOME: '/home/bee', EMPTY: '', ABSENT: undefined, DRONES: 'kept' },
    ...{ WAGGLE_WORKER_SECRET: 's', DRONE_RPC_SECRET: 's', waggle_x: 's' },
  }
  expect(hostVariables(environment)).toEqual({ HOME: '/home/bee', EMPTY: '', DRONES: 'kept' })
})
