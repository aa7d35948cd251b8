import type { Given, Spec, SpecStep } from '@waggle/domain'
import {
  assignNamespaces,
  type CompileResult,
  type CompileSettings,
  externalSettings,
  lintPipeline,
  maskedVariables,
  prepareStage,
  stageMasks,
  stepEdges,
  stepLabels,
  waitForServices,
} from '@waggle/pipeline'
import { type CompileContext, compileContext } from './compile-context.ts'
import { compileSteps, debugSteps, type StepDraft } from './compile-steps.ts'
import { compileVolumes } from './compile-volumes.ts'

/** A docker pipeline as a spec (pipeline.md §12). Pure and deterministic: the same given stage compiles to the same
 *  spec, names included, so that a restarted worker finds its containers again (design §7). */
export const compileDocker = (given: Given, own: CompileSettings): CompileResult => {
  // Variables of the environment extension are no part of substitution (environment.md §2.2).
  const prepared = prepareStage(given, own, 'docker', lintPipeline)
  if (prepared.kind === 'error') return prepared
  const { pipeline } = prepared
  const settings = externalSettings(given, own)
  const warnings = [...prepared.warnings]
  const context = compileContext(given, settings, pipeline, prepared.made, warnings)
  // Every step hides them, so every step has them: clone and services too.
  const masked = maskedVariables(given)
  const drafts = compileSteps(context).map((draft) => ({
    ...draft,
    secrets: [...draft.secrets, ...masked],
  }))
  const steps = numberSteps(drafts, context)
  const spec: Spec = {
    platform: pipeline.platform,
    steps,
    internal: debugSteps(context),
    volumes: compileVolumes(context),
    network: {
      id: `${context.name}-net`,
      labels: context.labels,
      options: settings.networkOptions,
    },
    masks: stageMasks(given, pipeline, context.resolve, context.auths),
    root: '',
  }
  return { kind: 'spec', spec, warnings }
}

/** Places, visible numbers, edges and namespaces of the whole list. */
const numberSteps = (drafts: readonly StepDraft[], context: CompileContext): SpecStep[] => {
  const { services, steps, clone } = context.pipeline
  const entries = waitForServices(
    [...services, ...steps].filter((step) => step !== null),
    { hasClone: !clone.disable, services: services.filter((step) => step !== null).length },
  )
  const edges = stepEdges(entries, !clone.disable)
  const namespaces = assignNamespaces(
    drafts.map((draft, index) => ({
      name: draft.name,
      dependsOn: edges[index]!,
      isAlone: context.isWindows || needsOwnNamespace(draft),
    })),
  )
  let visible = 0
  return drafts.map((draft, index) => {
    if (draft.runPolicy !== 'never') visible += 1
    const number = draft.runPolicy === 'never' ? 0 : visible
    return {
      ...draft,
      id: `${context.name}-${index + 1}`,
      number,
      dependsOn: edges[index]!,
      namespace: namespaces[index]!,
      labels: stepLabels(context.labels, { name: draft.name, number }),
    }
  })
}

const needsOwnNamespace = (step: StepDraft): boolean =>
  step.detach ||
  step.privileged ||
  step.runPolicy === 'never' ||
  step.network !== '' ||
  step.dns.length + step.dnsSearch.length + step.extraHosts.length > 0
