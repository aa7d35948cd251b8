import { parentPort } from 'node:worker_threads'
import type { ThreadAnswer, ThreadQuestion } from './manifest-thread.ts'
import { parseManifest } from './parse-manifest.ts'
import { planStages } from './plan-stages.ts'
import { readsPaths } from './reads-paths.ts'

/** The other side of `ManifestThread`: one question, one answer. */
const answer = ({ text, hook, repo }: ThreadQuestion): ThreadAnswer => {
  const manifest = parseManifest(text)
  const plan = planStages(manifest, hook, repo)
  return { plan, readsPaths: readsPaths(manifest), refusal: null }
}

parentPort?.on('message', (question: ThreadQuestion) => parentPort?.postMessage(answer(question)))
