import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { pipelineText } from '../harness/pipeline-text.ts'
import { dockerSocket, type System, startSystem } from '../harness/start-system.ts'

/** In the place of the image that brings tmate; what it brings tells an address and stays until somebody has left. */
const tools = 'waggle-test/debug-system:1'
const recipe = `cat > /bin/tmate <<'END'
#!/bin/sh
echo "ssh session: ssh token@tmate.example"
until [ -e /ledger/left ]; do sleep 0.1; done
END
cat > /bin/drone-runner-docker <<'END'
#!/bin/sh
[ "$1" = copy ] && cp /bin/tmate /usr/drone/bin/tmate
END
chmod 755 /bin/tmate /bin/drone-runner-docker`

const engine = (method: string, path: string, body?: object): Promise<{ Id?: string }> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const call = request({ socketPath: dockerSocket(), method, path, headers }, (response) => {
      text(response).then((answer) => {
        const isFine = (response.statusCode ?? 500) < 300
        if (isFine) resolve(answer === '' ? {} : (JSON.parse(answer) as { Id?: string }))
        else reject(new Error(`${method} ${path}: ${answer}`))
      }, reject)
    })
    call.once('error', reject)
    call.end(body === undefined ? undefined : JSON.stringify(body))
  })

const makeTools = async (): Promise<void> => {
  const { Id } = await engine('POST', '/containers/create', {
    Image: 'waggle/busybox:1',
    Cmd: ['sh', '-c', recipe],
    HostConfig: { NetworkMode: 'none' },
  })
  await engine('POST', `/containers/${Id}/start`)
  await engine('POST', `/containers/${Id}/wait`)
  const [repo, tag] = tools.split(':')
  await engine('POST', `/commit?container=${Id}&repo=${repo}&tag=${tag}`, {})
  await engine('DELETE', `/containers/${Id}?force=true`)
}

let system: System
beforeAll(async () => {
  system = await startSystem({
    ...{ database: 'sqlite', workers: 1, timeScale: 0.2 },
    worker: { WAGGLE_TMATE_ENABLED: 'true', WAGGLE_TMATE_IMAGE: tools },
  })
  await makeTools()
})
afterAll(async () => {
  await system?.stop()
  await engine('DELETE', `/images/${tools}?force=true`)
})

it('F51 a build that is restarted with the debug flag waits in the step that fails', async () => {
  const { client } = system
  const steps = [
    { name: 'fine', commands: ['echo fine'] },
    { name: 'fails', commands: ['echo work', '(exit 3)'] },
  ]
  const { number } = await client.submit(pipelineText(steps))
  const first = await client.ended(number, 60_000)
  expect(first.status).toBe('failure')
  const plain = (await client.log(number, 1, 2)).map(({ out }) => out).join('')
  expect(plain).not.toContain('session')

  const answer = await client.call('POST', `/api/repos/test/app/builds/${number}?debug=true`)
  const again = answer.json<{ number: number; debug?: boolean }>()
  expect(again.debug).toBe(true)
  await waitUntil(
    'the session',
    async () => {
      const { stages } = await client.build(again.number)
      return stages?.[0]?.steps?.[1]?.status === 'running'
    },
    60_000,
  )
  expect((await client.build(again.number)).status).toBe('running')
  writeFileSync(join(system.ledger, 'left'), '')
  const ended = await client.ended(again.number, 60_000)
  expect(ended.stages?.[0]?.steps?.map((step) => [step.name, step.status, step.exit_code])).toEqual(
    [
      ['fine', 'success', 0],
      ['fails', 'failure', 3],
    ],
  )
  const lines = (await client.log(again.number, 1, 2)).map(({ out }) => out.trimEnd())
  expect(lines).toEqual([
    ...['+ echo work', 'work', '+ (exit 3)'],
    'failed with exit code 3: a debug session opens, and the step waits for its end',
    'ssh session: ssh token@tmate.example',
  ])
})
