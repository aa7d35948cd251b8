import { Agent, request } from 'node:http'
import { dockerSocket } from '../harness/start-system.ts'

const agent = new Agent({ keepAlive: true })

/** One raw call of the engine's API, for floors. */
export const engineCall = (
  method: string,
  path: string,
  body?: unknown,
): Promise<Readonly<Record<string, string>>> =>
  new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body)
    const call = request(
      {
        socketPath: dockerSocket(),
        path,
        method,
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
      },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.once('end', () => {
          const reply = Buffer.concat(chunks).toString('utf8')
          if ((answer.statusCode ?? 500) >= 400) reject(new Error(`${method} ${path}: ${reply}`))
          else {
            try {
              resolve(JSON.parse(reply) as Record<string, string>)
            } catch {
              resolve({})
            }
          }
        })
      },
    )
    call.once('error', reject)
    call.end(text)
  })
