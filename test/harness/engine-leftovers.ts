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

/** By system: it is asked again and again while something is waited for. */
const installations = new WeakMap<System, string | undefined>()

const installationOf = (system: System): string | undefined => {
  if (!installations.has(system)) {
    const query = "SELECT value FROM settings WHERE name = 'installation'"
    installations.set(system, queryDatabase(system, query)[0]?.[0])
  }
  return installations.get(system)
}

/** How many containers, networks and volumes of a stage the engine still has. Other installations on the same engine
 *  have stages with the same numbers. */
export const leftoversOf = async (system: System, stageId: number | undefined): Promise<number> => {
  const installation = installationOf(system)
  const isOfStage = ({ Labels: labels }: Labelled) =>
    labels?.['io.waggle.installation'] === installation &&
    labels?.['io.waggle.stage'] === String(stageId)
  const containers = (await ask('/containers/json?all=1')) as Labelled[]
  const networks = (await ask('/networks')) as Labelled[]
  const volumes = ((await ask('/volumes')) as { Volumes: Labelled[] | null }).Volumes ?? []
  return [...containers, ...networks, ...volumes].filter(isOfStage).length
}
