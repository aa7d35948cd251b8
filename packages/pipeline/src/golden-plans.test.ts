import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Given, type Hook, makeHook } from '@waggle/domain'
import { describe, expect, it } from 'vitest'
import { stepRunPolicy, whyStepSkipped } from './conditions/policies.ts'
import { parseManifest } from './parse-manifest.ts'
import { planStages } from './plan/plan-stages.ts'

const folder = join(import.meta.dirname, '../testdata')
const read = (name: string, file: string): string => readFileSync(join(folder, name, file), 'utf8')
const sample = JSON.parse(read('.', 'given.json')) as Given

/** What planning and the steps' conditions make of a file for one hook. */
const planOf = (text: string, known: Partial<Hook>) => {
  const hook = makeHook(known)
  const manifest = parseManifest(text)
  const plan = planStages(manifest, hook, { slug: sample.repo.slug, throttle: 3 })
  if (plan.kind !== 'stages') return plan
  const { fork, ...rest } = hook
  const given = { ...sample, build: { ...sample.build, ...rest, sourceRepo: fork } }
  const steps = manifest.documents.flatMap((document) => {
    if (document.role !== 'pipeline') return []
    const { name, services, steps: written } = document.pipeline
    if (!plan.stages.some((stage) => stage.name === name)) return []
    const policies = [...services, ...written].flatMap((step) =>
      step ? [[step.name, whyStepSkipped(step, given) ?? stepRunPolicy(step, given)]] : [],
    )
    return [[name, Object.fromEntries(policies)]]
  })
  return { ...plan, steps: Object.fromEntries(steps) }
}

describe('plans by the checklist of the specification', () => {
  const cases = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'hooks.json')))

  it.each(cases)('testdata/%s plans as it did', async (name) => {
    const hooks = JSON.parse(read(name, 'hooks.json')) as Record<string, Partial<Hook>>
    const text = read(name, 'input.yml')
    const plans = Object.fromEntries(
      Object.entries(hooks).map(([title, hook]) => [title, planOf(text, hook)]),
    )
    const printed = `${JSON.stringify(plans, null, 2)}\n`
    await expect(printed).toMatchFileSnapshot(join(folder, name, 'plan.json'))
  })
})
