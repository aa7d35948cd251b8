import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isAlive, withFileLock } from './file-lock.ts'
import { waitUntil } from './wait-until.ts'

export interface TestDocker {
  readonly socket: string
  /** Whether a test started this engine; false for one that was already on the machine. */
  readonly isOwn: boolean
  /** Gives it up. The last one who does stops an engine that a test started; nobody stops another. */
  stop(): Promise<void>
}

export interface StartDockerOptions {
  /** Leave an engine that was started here running, for the next run. */
  readonly leaveRunning?: boolean
}

/** A container engine: the one `WAGGLE_TEST_DOCKER_SOCKET` names, else the machine's, else one that is started
 *  with its own folders and shared by all test processes. Throws with the reason where none can run. */
export const startDocker = async (options: StartDockerOptions = {}): Promise<TestDocker> => {
  const named = process.env['WAGGLE_TEST_DOCKER_SOCKET']
  if (named) {
    if (await answers(named)) return foreign(named)
    throw new Error(`no container engine answers at WAGGLE_TEST_DOCKER_SOCKET=${named}`)
  }
  if (await answers(machineSocket)) return foreign(machineSocket)
  const home = sharedHome()
  await mkdir(home.users, { recursive: true, mode: 0o700 })
  const user = join(home.users, `${process.pid}-${Math.random().toString(36).slice(2)}`)
  await withFileLock(home.lock, async () => {
    await writeFile(user, '')
    if (await answers(home.socket)) return
    try {
      await startEngine(home)
    } catch (error) {
      await rm(user, { force: true })
      throw error
    }
  })
  return {
    socket: home.socket,
    isOwn: true,
    stop: () =>
      withFileLock(home.lock, async () => {
        await rm(user, { force: true })
        if (options.leaveRunning !== true && !(await hasUsers(home))) await stopEngine(home)
      }),
  }
}

const machineSocket = '/var/run/docker.sock'

interface Home {
  readonly folder: string
  readonly socket: string
  readonly users: string
  readonly lock: string
  readonly pid: string
  readonly log: string
}

/** One folder for all test processes of this user; the engine's data stays there, so that images are made once. */
const sharedHome = (): Home => {
  const folder = join(tmpdir(), 'waggle-test-docker')
  return {
    folder,
    socket: join(folder, 'docker.sock'),
    users: join(folder, 'users'),
    lock: join(folder, 'lock'),
    pid: join(folder, 'docker.pid'),
    log: join(folder, 'docker.log'),
  }
}

const foreign = (socket: string): TestDocker => ({
  socket,
  isOwn: false,
  stop: () => Promise.resolve(),
})

const startEngine = async (home: Home): Promise<void> => {
  const command = findOnPath('dockerd')
  if (!command) {
    throw new Error(
      'no container engine: none answers at /var/run/docker.sock and dockerd is not installed (apt-get install docker.io)',
    )
  }
  if (process.getuid?.() !== 0) {
    throw new Error(
      'no container engine: none answers at /var/run/docker.sock and starting dockerd needs root',
    )
  }
  await rm(home.socket, { force: true })
  const log = await open(home.log, 'w')
  const child = spawn(
    command,
    [
      ...['--data-root', join(home.folder, 'data'), '--exec-root', join(home.folder, 'exec')],
      ...['--pidfile', home.pid, '--host', `unix://${home.socket}`],
      // Steps use networks of their own; without docker0 it does not fight with another engine on this machine.
      '--bridge=none',
    ],
    { detached: true, stdio: ['ignore', log.fd, log.fd] },
  )
  child.unref()
  let failure = ''
  child.once('error', (error) => {
    failure = error.message
  })
  child.once('exit', (code) => {
    failure = `dockerd exited with code ${code}`
  })
  try {
    await waitUntil(
      'the container engine to answer',
      async () => failure !== '' || answers(home.socket),
      90_000,
    )
  } catch (error) {
    failure = error instanceof Error ? error.message : 'no answer'
    child.kill('SIGTERM')
  } finally {
    await log.close()
  }
  if (failure === '') return
  const text = await readFile(home.log, 'utf8').catch(() => '')
  throw new Error(`no container engine: ${failure}; its log ends with: ${text.slice(-1_000)}`)
}

const stopEngine = async (home: Home): Promise<void> => {
  const pid = Number(await readFile(home.pid, 'utf8').catch(() => ''))
  // The pid may long be another process's: only one whose command line names our folder is stopped.
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  if (!isAlive(pid) || !line.includes(home.socket)) return
  process.kill(pid, 'SIGTERM')
  const deadline = performance.now() + 20_000
  while (isAlive(pid) && performance.now() < deadline) await delay(50)
  if (isAlive(pid)) process.kill(pid, 'SIGKILL')
}

const hasUsers = async (home: Home): Promise<boolean> => {
  let count = 0
  for (const name of await readdir(home.users)) {
    if (isAlive(Number(name.split('-')[0]))) count++
    else await rm(join(home.users, name), { force: true })
  }
  return count > 0
}

const findOnPath = (name: string): string | undefined =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin']
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))

const answers = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    if (!existsSync(socket)) {
      resolve(false)
      return
    }
    const ping = request(
      { socketPath: socket, path: '/_ping', timeout: 3_000, agent: false },
      (response) => {
        response.resume()
        resolve(response.statusCode === 200)
      },
    )
    ping.once('timeout', () => ping.destroy())
    ping.once('error', () => resolve(false))
    ping.end()
  })
