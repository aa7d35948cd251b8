import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/** What a run of tests came to; written for `run.ts`, which adds its own checks and prints the closing line. */
export interface TestSummary {
  readonly passed: number
  readonly failed: number
  /** Full name and reason of each test that did not run. */
  readonly skipped: readonly string[]
}

/** Counts tests, and files that failed before any of their tests ran. */
// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const path = process.env['WAGGLE_TEST_SUMMARY']
    if (path === undefined) return
    let passed = 0
    let failed = 0
    const skipped: string[] = []
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      if (module.state() === 'failed' && tests.every((test) => test.result().state !== 'failed'))
        failed++
      for (const test of tests) {
        const result = test.result()
        if (result.state === 'passed') passed++
        else if (result.state === 'failed') failed++
        else skipped.push(`${test.fullName}: ${('note' in result && result.note) || 'not run'}`)
      }
    }
    const summary: TestSummary = { passed, failed, skipped }
    writeFileSync(path, JSON.stringify(summary))
  }
}
