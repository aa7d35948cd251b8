import { internal, unavailable } from '@waggle/domain'

export interface ServerEvent {
  readonly name: string
  readonly data: string
}

const eventLimit = 8 * 1024 * 1024

/** The events of an event stream (SSE), to its end. An event of more than 8 MiB ends it with an error. */
export async function* readEvents(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<ServerEvent> {
  if (body === null) return
  const decoder = new TextDecoder()
  let rest = ''
  let name = ''
  let data: string[] = []
  const chunks = body[Symbol.asyncIterator]()
  for (;;) {
    const chunk = await chunks.next().catch((cause: unknown) => {
      throw unavailable('stream_broken', 'the connection broke off', { cause })
    })
    if (chunk.done) return
    const lines = (rest + decoder.decode(chunk.value, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > eventLimit) throw internal('bad_stream', 'the server sent an endless event')
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
      if (line === '') {
        if (data.length > 0) yield { name, data: data.join('\n') }
        name = ''
        data = []
      } else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
      else if (line.startsWith('event:')) name = line.slice(6).trim()
    }
  }
}
