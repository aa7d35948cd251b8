import type { IncomingMessage } from 'node:http'
import { unavailable } from '@waggle/domain'
import type { EngineClient } from './engine-client.ts'

export interface ExecResult {
  readonly code: number
  /** Beginning of what it printed. */
  readonly output: string
}

/** Runs a command in a container that runs. The engine cannot end it: where `signal` fires first it goes on, and no
 *  other is started in this container before it has ended. Throws `unavailable` then. */
export const execInContainer = async (
  { client, hanging }: { readonly client: EngineClient; readonly hanging: Map<string, string> },
  name: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<ExecResult> => {
  const before = hanging.get(name)
  if (before !== undefined) {
    const { Running } = await inspect(client, before, signal)
    if (Running) throw unavailable('probe_hangs', 'an earlier probe has not ended yet')
    hanging.delete(name)
  }
  const { Id } = await client.call<{ Id: string }>('POST', `/containers/${name}/exec`, {
    body: { AttachStdout: true, AttachStderr: true, Tty: false, Cmd: [...command] },
    signal,
  })
  hanging.set(name, Id)
  const stream = await client.stream('POST', `/exec/${Id}/start`, {
    body: { Detach: false, Tty: false },
    signal,
  })
  const output = textOf(await readBeginning(stream))
  const { ExitCode } = await inspect(client, Id, signal)
  hanging.delete(name)
  return { code: ExitCode ?? -1, output }
}

const inspect = (client: EngineClient, id: string, signal: AbortSignal) =>
  client.call<{ Running: boolean; ExitCode: number | null }>('GET', `/exec/${id}/json`, { signal })

const keptBytes = 65_536

/** Reads to the end, keeps the beginning. */
const readBeginning = async (stream: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (size < keptBytes) chunks.push(chunk)
    size += chunk.length
  }
  return Buffer.concat(chunks)
}

/** The engine puts a header of 8 bytes before each piece of output; its last 4 are the piece's length. */
const textOf = (framed: Buffer): string => {
  let text = ''
  for (let at = 0; at + 8 <= framed.length; ) {
    const end = at + 8 + framed.readUInt32BE(at + 4)
    text += framed.toString('utf8', at + 8, Math.min(end, framed.length))
    at = end
  }
  return text
}
