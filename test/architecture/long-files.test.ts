import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from 'vitest'
import { busyFiles, waitingFiles } from '../order/long-files.ts'

const root = resolve(import.meta.dirname, '../..')

it('the test files that begin first are there, each in one list', () => {
  const listed = [...busyFiles, ...waitingFiles]
  expect(listed.filter((file) => !existsSync(join(root, file)))).toEqual([])
  expect(new Set(listed).size).toBe(listed.length)
})
