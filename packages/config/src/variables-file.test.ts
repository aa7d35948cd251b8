import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readSettings, setting, types } from './setting.ts'

it('reads a file of variables with the settings, and tells what is wrong with it by its setting', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-variables-'))
  const group = { file: setting('WAGGLE_X', types.variablesFile(), '') }
  try {
    const path = join(folder, 'env')
    writeFileSync(path, '# a comment\nA=1\nexport B="two words"\nC=\'$A\'\nD=\n')
    const expected = { A: '1', B: 'two words', C: '$A', D: '' }
    expect(readSettings(group, { WAGGLE_X: path }).file).toEqual(expected)
    expect(readSettings(group, {}).file).toEqual({})
    expect(() => readSettings(group, { WAGGLE_X: join(folder, 'gone') })).toThrow('WAGGLE_X: ')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
