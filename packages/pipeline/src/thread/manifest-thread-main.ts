import { flushCompileCache } from 'node:module'
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
// After the first answer: a process that is killed would store nothing for the next one.
parentPort?.once('message', () => flushCompileCache())
