import { pipelineText } from '../harness/pipeline-text.ts'
import { queryDatabase } from '../harness/query-database.ts'
import { startSystem } from '../harness/start-system.ts'
import { engineCall } from './engine-call.ts'
import { type Figure, median } from './figures.ts'

/** A trivial container step through everything, against the raw engine with the same kind of network namespace. The two
 *  take turns, so that the machine's mood hits both. */
export const measureStep = async (quick: boolean): Promise<readonly Figure[]> => {
  const rounds = quick ? 3 : 8
  const steps = 10
  const system = await startSystem({ database: 'sqlite', workers: 1, logLevel: 'error' })
  try {
    const text = pipelineText(
      Array.from({ length: steps + 2 }, (_, i) => ({
        name: `s${i}`,
        entrypoint: ['/bin/true'],
      })),
    )
    const raw: number[] = []
    const through: number[] = []
    for (let round = 0; round < rounds; round++) {
      raw.push(...(await rawSteps(steps)))
      const { number } = await system.client.submit(text)
      const build = await system.client.ended(number)
      if (build.status !== 'success') throw new Error(`the build ended in ${build.status}`)
      // From each grant to the next one, by the server's clock: nothing polls meanwhile. The first step also waits for
      // the namespace, which the floor has before it starts.
      const times = queryDatabase(
        system,
        `SELECT started_at FROM steps WHERE stage_id = ${build.stages?.[0]?.id} ORDER BY number`,
      ).map(([at]) => Number(at))
      const span = (times[steps + 1] ?? 0) - (times[1] ?? 0)
      through.push(span / steps)
    }
    const floor = median(raw)
    const value = median(through)
    return [
      { name: 'trivial container step, through everything', value, unit: 'ms', floor },
      {
        name: 'trivial container step, ratio to the floor',
        value: value / floor,
        unit: '×',
        reach: { kind: 'max', value: 1.2 },
      },
    ]
  } finally {
    await system.stop()
  }
}

/** Create, start, wait, remove of a container that joins a namespace, with a volume: what no system can avoid. */
const rawSteps = async (count: number): Promise<readonly number[]> => {
  const name = `waggle-bench-${process.pid}-${Math.random().toString(36).slice(2)}`
  const network = await engineCall('POST', '/networks/create', { Name: name })
  const volume = await engineCall('POST', '/volumes/create', { Name: name })
  const pause = await engineCall('POST', `/containers/create?name=${name}-pause`, {
    Image: 'waggle/busybox:1',
    Cmd: ['sleep', '600'],
    HostConfig: { NetworkMode: name },
  })
  await engineCall('POST', `/containers/${pause['Id']}/start`)
  const times: number[] = []
  try {
    for (let i = 0; i < count; i++) {
      const started = performance.now()
      const { Id: id } = await engineCall('POST', '/containers/create', {
        Image: 'waggle/busybox:1',
        Entrypoint: ['/bin/true'],
        HostConfig: {
          NetworkMode: `container:${pause['Id']}`,
          Binds: [`${volume['Name']}:/drone/src`],
          LogConfig: { Type: 'local', Config: {} },
        },
      })
      await engineCall('POST', `/containers/${id}/start`)
      await engineCall('POST', `/containers/${id}/wait`)
      await engineCall('GET', `/containers/${id}/logs?stdout=1&stderr=1&follow=1`)
      await engineCall('DELETE', `/containers/${id}?v=1&force=1`)
      times.push(performance.now() - started)
    }
  } finally {
    await engineCall('DELETE', `/containers/${pause['Id']}?force=1`)
    await engineCall('DELETE', `/networks/${network['Id']}`)
    await engineCall('DELETE', `/volumes/${volume['Name']}`)
  }
  return times
}
