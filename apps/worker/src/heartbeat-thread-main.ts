import { flushCompileCache } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import type { HeartbeatThreadData } from './heartbeat-thread.ts'
import { type HeardWord, HeartbeatWord } from './heartbeat-word.ts'
import { createHttpPoster } from './http-request.ts'

/** The other side of `HeartbeatThread`. It imports next to nothing: see there. */
const speakFor = ({ url, everyMs, wedgedMs, memory, ...start }: HeartbeatThreadData): void => {
  const poster = createHttpPoster(url)
  const never = new AbortController().signal
  const word = new HeartbeatWord(memory)

  let { credential } = start
  /** The word with which the API did not know the boot: it has to be introduced again, which is the main loop's. */
  let refused = 0

  parentPort?.on('message', (renewed: string) => {
    credential = renewed
  })

  const look = async (): Promise<void> => {
    const heard = word.heard()
    plan(heard === null ? 1 : await pauseAfter(heard))
  }

  /** Speaks where the main loop has been silent for too long; gives how long it may go on being silent. */
  const pauseAfter = async (heard: HeardWord): Promise<number> => {
    const { turn, silentMs } = heard
    if (silentMs < 2 * everyMs) return 2 * everyMs - silentMs
    if (silentMs >= wedgedMs || turn === refused) return everyMs
    const status = await send(heard)
    if (status === 401) refused = turn
    return status === 200 ? everyMs : Math.min(everyMs, 1_000)
  }

  const plan = (inMs: number): void => {
    setTimeout(() => void look(), inMs)
  }

  const send = ({ attempts }: HeardWord): Promise<number> =>
    poster
      .post({
        path: '',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${credential}`,
        },
        body: JSON.stringify({ attempts }),
        deadlineMs: Math.max(everyMs, 2_000),
        limitBytes: 1_048_576,
        signal: never,
      })
      .then(
        ({ status }) => status,
        () => 0,
      )

  plan(2 * everyMs)
}

// Nothing to do where it is only loaded, for its code to be stored (`store-code.ts` of the command line).
if (workerData !== null) {
  speakFor(workerData as HeartbeatThreadData)
  flushCompileCache()
}
