import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { startDocker, type TestDocker, tempFolder, testImages } from '@waggle/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Call, type Example, readExamples } from './read-examples.ts'

const root = resolve(import.meta.dirname, '../..')
const folder = join(root, 'docs/pipeline')
const examples = readExamples(folder)

/** What the pages name, and what stands in for it: nothing is pulled from anywhere. */
const withStandIns = (text: string): string =>
  text.replace(/\b(?:docker\.io\/library\/)?(?:alpine:3|busybox:1)\b/g, (name) =>
    name.startsWith('docker.io/') ? 'docker.io/waggle/busybox:1' : 'waggle/busybox:1',
  )

/** Columns are as wide as what stands in them. */
const narrow = (line: string): string => line.replace(/\s+/g, ' ')

let docker: TestDocker
beforeAll(async () => {
  docker = await startDocker()
  await testImages(docker.socket)
}, 120_000)
afterAll(() => docker?.stop())

interface Ended {
  readonly code: number | null
  readonly lines: readonly string[]
}

const run = (command: string, folder: string): Promise<Ended> => {
  const [program, ...args] = command.split(' ').filter((word) => word !== '')
  if (program !== 'waggle') throw new Error(`an example runs ${program}`)
  const main = join(root, 'apps/cli/src/main.ts')
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      WAGGLE_DOCKER_SOCKET: docker.socket,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes) => {
      text += String(bytes)
    })
  return new Promise((settle, reject) => {
    child.once('error', reject)
    child.once('close', (code) => settle({ code, lines: text.split('\n') }))
  })
}

const check = (call: Call, { code, lines }: Ended): void => {
  const all = lines.join('\n')
  let at = 0
  for (const part of call.output) {
    const wanted = narrow(withStandIns(part))
    const found = lines.findIndex((line, index) => index >= at && narrow(line).includes(wanted))
    expect(found, `"${part}" should come in the output of ${call.command}:\n${all}`).not.toBe(-1)
    at = found + 1
  }
  expect(code, `exit code of ${call.command}, with the output:\n${all}`).toBe(call.exitCode)
}

const runExample = async ({ files, session }: Example): Promise<void> => {
  const folder = await tempFolder('example')
  try {
    for (const [name, text] of files) {
      const path = join(folder.path, name)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, withStandIns(text))
    }
    for (const call of session) check(call, await run(call.command, folder.path))
  } finally {
    await folder.remove()
  }
}

describe.concurrent('docs/pipeline', () => {
  it.each(examples.map((example) => [`${example.page}, line ${example.line}`, example] as const))(
    'does what it says: %s',
    async (_, example) => runExample(example),
  )
})

it('has an example on every page, and every page in its index', () => {
  const pages = readdirSync(folder).filter((name) => name.endsWith('.md'))
  const index = readFileSync(join(folder, 'README.md'), 'utf8')
  const linked = pages.filter((page) => page === 'README.md' || index.includes(`(${page})`))
  expect(linked).toEqual(pages)
  const shown = new Set(examples.map((example) => example.page))
  expect(pages.length).toBeGreaterThan(20)
  expect(pages.filter((page) => !shown.has(page))).toEqual([])
})
