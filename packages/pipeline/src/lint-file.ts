import type { ManifestDocument } from './manifest.ts'

type PipelineDocument = Extract<ManifestDocument, { role: 'pipeline' }>

const knownOs = ['linux', 'windows']
const knownArch = ['arm', 'arm64', 'amd64', 'ppc64le', 's390x']

/** Rules S4 to S8 of pipeline.md §8.1, document by document: the first that fails, with its place. S9 (a cycle)
 *  cannot be written: dependencies name earlier pipelines only. */
export const lintFile = (documents: readonly PipelineDocument[]): string | null => {
  const names = new Set<string>()
  for (const { pipeline, line } of documents) {
    const { name, type } = pipeline
    const fail = (message: string): string =>
      `linter: ${message} (pipeline '${name}', line ${line})`
    if (names.has(name)) return fail('duplicate pipeline names')
    for (const dependency of pipeline.dependsOn) {
      if (dependency === name) return fail('pipeline cannot have a dependency on itself')
      if (!names.has(dependency))
        return fail(`invalid or unknown pipeline dependency: ${dependency}`)
    }
    names.add(name)
    if (pipeline.kind !== 'pipeline' || type !== 'docker') continue
    const { os, arch } = pipeline.platform
    if (os !== '' && !knownOs.includes(os)) return fail(`unsupported os: ${os}`)
    if (arch !== '' && !knownArch.includes(arch)) return fail(`unsupported architecture: ${arch}`)
  }
  return null
}
