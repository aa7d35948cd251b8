import { randomUUID } from 'node:crypto'
import { leaseHeader, protocolVersion, registerReply, workerPaths } from '@waggle/contract'
import { plainProfile } from '@waggle/testkit'
import { type Client, createClient } from './client.ts'

type Answer = Awaited<ReturnType<Client['call']>>

/** A worker of a test's own that speaks the worker protocol by hand. */
export interface HandWorker {
  rpc(path: string, body: unknown, leaseToken?: string): Promise<Answer>
}

/** Registers a worker that serves the stages of one label. */
export const registerByHand = async (
  server: string,
  secret: string,
  label: string,
): Promise<HandWorker> => {
  const answer = await createClient({ server, token: secret }).call('POST', workerPaths.register, {
    protocol: protocolVersion,
    workerId: randomUUID(),
    bootId: randomUUID(),
    name: `by-hand-${label}`,
    version: '1',
    slots: 1,
    profile: plainProfile({ only: label }),
  })
  if (answer.status !== 200) throw new Error(`register: ${answer.status} ${answer.text}`)
  const { token } = registerReply.parse(answer.json())
  const client = createClient({ server, token })
  return {
    rpc: (path, body, leaseToken = '') =>
      client.call('POST', path, body, leaseToken === '' ? {} : { [leaseHeader]: leaseToken }),
  }
}
