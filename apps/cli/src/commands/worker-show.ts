import { conflict, notFound } from '@waggle/domain'
import { cleanText } from '../clean-line.ts'
import type { Client } from '../client.ts'
import type { JsonFlags } from '../command-context.ts'
import { print, printJson } from '../print.ts'
import { printList } from '../print-list.ts'
import { type ApiWorker, readWorker } from '../queue-shapes.ts'
import { ago } from '../time-text.ts'

export const listWorkers = async (client: Client, flags: JsonFlags): Promise<void> => {
  const raw = await client.operate('/api/workers')
  printList(raw, {
    json: flags.json,
    read: readWorker,
    none: 'no workers',
    head: ['NAME', 'STATE', 'SLOTS', 'TYPE', 'PLATFORM', 'LABELS', 'VERSION', 'SEEN', 'ID'],
    row: (worker) => [
      cleanText(worker.name),
      worker.state,
      `${worker.running}/${worker.slots}`,
      cleanText(worker.type),
      cleanText(worker.platform) || 'any',
      cleanText(worker.labels.join(',')) || '-',
      cleanText(worker.version),
      ago(worker.lastSeen),
      worker.id,
    ],
  })
}

export const showWorker = async (client: Client, name: string, flags: JsonFlags): Promise<void> => {
  const { id } = await findWorker(client, name)
  show(await client.operate(`/api/workers/${encodeURIComponent(id)}`), flags)
}

export const changeWorker = async (
  client: Client,
  name: string,
  change: 'drain' | 'resume',
  flags: JsonFlags,
): Promise<void> => {
  const { id } = await findWorker(client, name)
  show(await client.operate(`/api/workers/${encodeURIComponent(id)}/${change}`, 'POST'), flags)
}

export const removeWorker = async (client: Client, name: string): Promise<void> => {
  const worker = await findWorker(client, name)
  await client.operate(`/api/workers/${encodeURIComponent(worker.id)}`, 'DELETE')
  print(`worker ${cleanText(worker.name)} removed`)
}

const findWorker = async (client: Client, wanted: string): Promise<ApiWorker> => {
  const raw = await client.operate('/api/workers')
  const workers = (Array.isArray(raw) ? raw : []).map(readWorker)
  const byId = workers.find(({ id }) => id === wanted)
  const named = workers.filter(({ name }) => name === wanted)
  if (byId) return byId
  const [first, second] = named
  if (first === undefined) throw notFound('worker_unknown', `there is no worker "${wanted}"`)
  if (second !== undefined)
    throw conflict('worker_ambiguous', `several workers are named "${wanted}": use the id`)
  return first
}

const show = (raw: unknown, flags: JsonFlags): void => {
  if (flags.json) {
    printJson(raw)
    return
  }
  const worker = readWorker(raw)
  print(`worker ${cleanText(worker.name)}: ${worker.state}`)
  const drained =
    worker.drainedSince === 0 ? '' : `${ago(worker.drainedSince)} by ${cleanText(worker.drainedBy)}`
  const facts = [
    ['id', worker.id],
    ['boot', worker.boot],
    ['type', worker.type],
    ['platform', worker.platform],
    ['labels', worker.labels.join(', ')],
    ['version', worker.version],
    ['slots', `${worker.running} of ${worker.slots} in use`],
    ['drained', drained],
    ['registered', ago(worker.registered)],
    ['seen', ago(worker.lastSeen)],
  ]
  for (const [name, value] of facts) if (value) print(`  ${name?.padEnd(10)} ${cleanText(value)}`)
  for (const { repo, build, stage, name, status, attempt, accepted } of worker.stages)
    print(
      `  ${cleanText(repo)} build ${build}, stage ${stage} ${cleanText(name)}: ${status}, attempt ${attempt}, accepted ${ago(accepted)}`,
    )
}
