/** One event of a stream. */
export interface StreamEvent {
  readonly id: string
  readonly event: string
  readonly data: string
}

/** Reads server-sent events until the server ends the stream or `until` says so. Comments are left out. */
export const readEvents = async (
  url: string,
  token: string,
  options: {
    readonly lastEventId?: string
    readonly until?: (events: readonly StreamEvent[]) => boolean
    readonly timeoutMs?: number
  } = {},
): Promise<readonly StreamEvent[]> => {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), options.timeoutMs ?? 60_000)
  const events: StreamEvent[] = []
  try {
    const answer = await fetch(url, {
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'text/event-stream',
        ...(options.lastEventId === undefined ? {} : { 'last-event-id': options.lastEventId }),
      },
      signal: stop.signal,
    })
    if (answer.status !== 200) throw new Error(`stream: ${answer.status} ${await answer.text()}`)
    let rest = ''
    const decoder = new TextDecoder()
    for await (const chunk of answer.body ?? []) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true })
      const frames = rest.split('\n\n')
      rest = frames.pop() ?? ''
      for (const frame of frames) {
        const fields = Object.fromEntries(
          frame
            .split('\n')
            .filter((line) => line !== '' && !line.startsWith(':'))
            .map((line) => [
              line.slice(0, line.indexOf(':')),
              line.slice(line.indexOf(':') + 1).trimStart(),
            ]),
        )
        if (fields['data'] === undefined) continue
        events.push({
          id: fields['id'] ?? '',
          event: fields['event'] ?? 'message',
          data: fields['data'],
        })
      }
      if (options.until?.(events)) break
    }
  } finally {
    clearTimeout(timer)
    stop.abort()
  }
  return events
}
