import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** One `psql` that is told statement after statement: a process for each would cost more than the statement. */
export const openPsql = (
  url: string,
): { run(statements: string): Promise<readonly string[]>; close(): void } => {
  const child = spawn('psql', [url, '-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const waiting: {
    readonly lines: string[]
    readonly done: (lines: readonly string[]) => void
    readonly failed: (error: Error) => void
  }[] = []
  let complaint = ''
  child.stderr.on('data', (bytes: Buffer) => {
    complaint += bytes.toString('utf8')
  })
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line !== end) {
      waiting[0]?.lines.push(line)
      return
    }
    const first = waiting.shift()
    first?.done(first.lines)
  })
  const fail = (): void => {
    for (const { failed } of waiting.splice(0)) failed(new Error(`psql ended: ${complaint}`))
  }
  child.on('error', fail)
  child.on('close', fail)
  return {
    run: (statements) =>
      new Promise((done, failed) => {
        waiting.push({ lines: [], done, failed })
        child.stdin.write(`${statements.replaceAll('\n', ' ')}\n\\echo ${end}\n`)
      }),
    close: () => child.stdin.end(),
  }
}

const end = 'answered'
