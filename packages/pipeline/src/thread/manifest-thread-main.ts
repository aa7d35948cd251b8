import { parentPort } from 'node:worker_threads'
import { readsPaths } from '../conditions/reads-paths.ts'
import { parseManifest } from '../parse-manifest.ts'
import { planStages } from '../plan/plan-stages.ts'
import type { ThreadAnswer, ThreadQuestion } from './manifest-thread.ts'

/** The other side of `ManifestThread`: one question, one answer. */
const answer = ({ text, hook, repo }: ThreadQuestion): ThreadAnswer => {
  const manifest = parseManifest(text)
  const plan = planStages(manifest, hook, repo)
  return { plan, readsPaths: readsPaths(manifest), refusal: null }
}

parentPort?.on('message', (question: ThreadQuestion) => parentPort?.postMessage(answer(question)))
