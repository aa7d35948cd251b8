import { join } from 'node:path'
import { createClient } from '../client.ts'
import { followBuild } from '../progress/follow-build.ts'
import { makeDemoRepository } from './demo-repository.ts'
import type { UpOptions } from './up-options.ts'

const slug = 'demo/hello'

/** Registers the demo's git repository, builds its head, and shows the build live. Gives the exit code. */
export const runDemo = async (
  options: UpOptions & {
    readonly server: string
    readonly token: string
    readonly engine: 'docker' | 'exec'
  },
  signal: AbortSignal,
): Promise<number> => {
  const { say } = options
  const url = await makeDemoRepository(
    join(options.root, 'examples/demo'),
    join(options.data, 'demo'),
  )
  if (options.engine === 'docker') {
    const { makeLocalImages } = await import('@waggle/engine-docker')
    say('making the demo images')
    await makeLocalImages(options.socket)
  }
  const client = createClient({ server: options.server, token: options.token })
  const configPath = options.engine === 'docker' ? '.drone.yml' : '.drone.exec.yml'
  await client.ensureRepo({
    slug,
    git_http_url: url,
    default_branch: 'main',
    config_path: configPath,
  })
  const build = await client.createBuild(slug, { branch: 'main' })
  say(`build ${build.number} of ${slug}, from ${url}`)
  return followBuild(client, slug, build.number, { signal })
}
