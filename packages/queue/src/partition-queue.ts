import {
  type IQueueBackend,
  type Job,
  type JobJson,
  type Processor,
  type RedisQueueBackend,
  Worker,
} from 'bullmq'
import type { SharedBullOptions } from './bullmq-backend.ts'

const dataLimitBytes = 1_000

/** One partition's queue as a consumer uses it: BullMQ's worker without its loop. Fetching, lock renewal and finishing
 *  are BullMQ's own. */
export class PartitionQueue extends Worker<unknown, unknown, string, IQueueBackend> {
  constructor(
    name: string,
    processor: Processor,
    options: SharedBullOptions,
    root: RedisQueueBackend,
  ) {
    super(name, processor, options, (queueName: string) => root.forQueue(queueName, options.prefix))
  }

  begin(): void {
    // Normally done by Worker.run(). A protected member: one test checks that renewal really happens (rule 11).
    this.lockManager.start()
  }

  /** An entry as BullMQ wants it, made of no more than it needs: what comes out of Redis is untrusted, and a field such
   *  as a parent or a repetition would make BullMQ do things. */
  protected override createJob(json: JobJson, jobId: string): Job {
    return super.createJob(
      {
        id: jobId,
        name: 'offer',
        data: isSmallJson(json.data) ? json.data : 'null',
        opts: { removeOnComplete: true, removeOnFail: true },
        progress: 0,
        attemptsMade: 0,
        attemptsStarted: 0,
        timestamp: 0,
        failedReason: '',
        // As JSON, or BullMQ makes an error of it with each entry.
        returnvalue: 'null',
        stalledCounter: 0,
        ...(json.processedOn === undefined ? {} : { processedOn: json.processedOn }),
        ...(json.deferredFailure === undefined ? {} : { deferredFailure: 'stalled too often' }),
      },
      jobId,
    )
  }
}

const isSmallJson = (text: unknown): text is string => {
  if (typeof text !== 'string' || text.length > dataLimitBytes) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
