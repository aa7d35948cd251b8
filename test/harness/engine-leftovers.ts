import { request } from 'node:http'
import { queryDatabase } from './query-database.ts'
import { dockerSocket, type System } from './start-system.ts'

const ask = (path: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const call = request({ socketPath: dockerSocket(), path }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.once('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString('utf8'))))
    })
    call.once('error', reject)
    call.end()
  })

interface Labelled {
  readonly Labels?: Readonly<Record<string, string>> | null
}

/** How many containers, networks and volumes of a stage the engine still has. Other installations on the same engine
 *  have stages with the same numbers. */
export const leftoversOf = async (system: System, stageId: number | undefined): Promise<number> => {
  const [row] = queryDatabase(system, "SELECT value FROM settings WHERE name = 'installation'")
  const isOfStage = ({ Labels: labels }: Labelled) =>
    labels?.['io.waggle.installation'] === row?.[0] &&
    labels?.['io.waggle.stage'] === String(stageId)
  const containers = (await ask('/containers/json?all=1')) as Labelled[]
  const networks = (await ask('/networks')) as Labelled[]
  const volumes = ((await ask('/volumes')) as { Volumes: Labelled[] | null }).Volumes ?? []
  return [...containers, ...networks, ...volumes].filter(isOfStage).length
}
