import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { dockerSocket } from '../harness/start-system.ts'

/** Makes the stand-ins that are missing in the engine. Images that are there, stand-ins or real ones, are used. */
export const standIns = (names: readonly string[]): void => {
  const npm = spawnSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).stdout.trim()
  const folder = join(dirname(realpathSync(npm)), '..')
  const done = spawnSync(
    'sh',
    [join(import.meta.dirname, 'stand-ins.sh'), process.execPath, folder, ...names],
    {
      encoding: 'utf8',
      env: { ...process.env, DOCKER_HOST: `unix://${dockerSocket()}` },
      timeout: 840_000,
    },
  )
  if (done.status !== 0)
    throw new Error(`stand-ins: ${done.stdout.slice(-1_000)} ${done.stderr.slice(-2_000)}`)
}
