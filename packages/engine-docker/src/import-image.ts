import type { EngineClient } from './engine-client.ts'
import { refusedByEngine, statusOf } from './translate-error.ts'

/** Makes an image of one layer from a tar. `changes` are lines as of a Dockerfile. */
export const importImage = async (
  client: EngineClient,
  image: string,
  tar: NodeJS.ReadableStream,
  changes: readonly string[],
): Promise<void> => {
  const colon = image.lastIndexOf(':')
  const answer = await client.stream('POST', '/images/create', {
    query: {
      fromSrc: '-',
      repo: image.slice(0, colon),
      tag: image.slice(colon + 1),
      changes: [...changes],
    },
    file: tar,
    deadlineMs: 300_000,
  })
  let text = ''
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    text = (text + chunk.toString('utf8')).slice(-65_536)
  }
  if (text.includes('"errorDetail"')) throw refusedByEngine(500, text)
}

/** The labels of an image; `null` where the engine does not have it. */
export const findImage = async (
  client: EngineClient,
  image: string,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, string>> | null> => {
  try {
    const found = await client.call<{ Config?: { Labels?: Record<string, string> | null } }>(
      'GET',
      `/images/${image}/json`,
      { signal },
    )
    return found.Config?.Labels ?? {}
  } catch (error) {
    if (statusOf(error) === 404) return null
    throw error
  }
}
