import type { ParsedManifest } from '../manifest.ts'
import { type Conditions, isGiven } from './condition.ts'

/** Whether any trigger or step of the file depends on which files changed: finding that out costs a fetch. */
export const readsPaths = (manifest: ParsedManifest): boolean =>
  manifest.documents.some(
    (document) =>
      document.role === 'pipeline' &&
      (hasPaths(document.pipeline.trigger) ||
        [...document.pipeline.services, ...document.pipeline.steps].some(
          (step) => step !== null && hasPaths(step.when),
        )),
  )

const hasPaths = (conditions: Conditions): boolean => isGiven(conditions.paths)
