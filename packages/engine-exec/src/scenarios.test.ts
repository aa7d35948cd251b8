import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Given, silentLogger } from '@waggle/domain'
import { defaultCompileSettings } from '@waggle/pipeline'
import { describeScenarios, tempFolder } from '@waggle/testkit'
import { afterAll } from 'vitest'
import { compileExec } from './compile-exec.ts'
import { createExecEngine } from './exec-engine.ts'

const given = JSON.parse(
  readFileSync(join(import.meta.dirname, '../testdata/given.json'), 'utf8'),
) as Given
const temp = await tempFolder('exec-scenarios')

afterAll(() => temp.remove())

describeScenarios(async () => createExecEngine({ root: temp.path, log: silentLogger }), {
  type: 'exec',
  compile: (manifest, { installation, stage }) => {
    const compiled = compileExec(
      {
        ...given,
        installation,
        attempt: 1,
        manifest,
        build: { ...given.build, cloneUrl: '' },
        stage: { ...given.stage, id: stage, name: 'default' },
      },
      {
        ...defaultCompileSettings,
        root: temp.path,
        environment: { PATH: '/usr/bin:/bin' },
      },
    )
    if (compiled.kind === 'error') throw new Error(compiled.message)
    return compiled.spec
  },
  unstartable: { workingDir: '/nowhere/at/all' },
  // No file may have a name so long.
  withoutSetup: (spec) => ({ ...spec, root: spec.root + 'x'.repeat(300) }),
})
