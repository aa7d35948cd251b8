import { cleanText } from '../clean-line.ts'
import type { Client } from '../client.ts'
import type { JsonFlags } from '../command-context.ts'
import { printList } from '../print-list.ts'
import { duration } from '../progress/status-mark.ts'
import { readQueued } from '../queue-shapes.ts'
import { spanText } from '../span-text.ts'

/** What waits for a worker and what runs, oldest first. */
export const listQueue = async (client: Client, flags: JsonFlags): Promise<void> => {
  const raw = await client.operate('/api/queue')
  const now = Date.now() / 1_000
  printList(raw, {
    json: flags.json,
    read: readQueued,
    none: 'nothing waits or runs',
    head: ['ID', 'STATUS', 'NAME', 'WANTS', 'WORKER', 'POSITION', 'STARTS', 'AGE'],
    row: (stage) => [
      String(stage.id),
      stage.status,
      cleanText(stage.name),
      cleanText(`${stage.type} ${stage.os}/${stage.arch}`),
      cleanText(stage.machine) || '-',
      stage.position === 0 ? '-' : String(stage.position),
      stage.status === 'pending' && stage.startsIn !== null ? spanText(stage.startsIn) : '-',
      duration(now - stage.created),
    ],
  })
}
