import { manifestLimits, readDocuments, type YamlMap } from '@waggle/pipeline'
import { ConversionError } from '../conversion-error.ts'
import { printYaml } from '../print-yaml.ts'
import type { ValueMap } from '../yaml-value.ts'
import { expandMatrix, substituteMatrix } from './legacy-matrix.ts'
import { legacyPipeline } from './legacy-pipeline.ts'
import { legacySecrets } from './legacy-secrets.ts'

/** Turns a file from before Drone 1.0 into pipeline documents, one for each combination of its matrix (pipeline.md
 *  §16.4). `null`: it is not such a file: no line of it is just `pipeline:`. Throws `ConversionError`. */
export const convertLegacy = (text: string): string | null => {
  if (!/^pipeline:[ \t]*\r?$/m.test(text)) return null
  const root = readLegacy(text)
  const secrets = legacySecrets(root)
  const matrix = root.entries.get('matrix')?.value
  const made: string[] = []
  let left: number = manifestLimits.textBytes
  const add = (document: ValueMap) => {
    const text = asDocument(document)
    left -= text.length
    // Twenty-seven times a large file is a lot of work for nothing.
    if (left < 0)
      throw new ConversionError(
        `legacy converter: the result exceeds the limit of ${manifestLimits.textBytes} bytes`,
      )
    made.push(text)
  }
  if (matrix === undefined) add(legacyPipeline(root, 'default', null))
  else
    for (const [index, combination] of expandMatrix(matrix).entries()) {
      const substituted = substituteMatrix(root, combination)
      add(legacyPipeline(substituted, `matrix-${index + 1}`, combination))
    }
  for (const secret of secrets) add(secret)
  return made.join('')
}

const asDocument = (document: ValueMap): string => `---\n${printYaml(document)}\n`

const readLegacy = (text: string): YamlMap => {
  const { documents, issues } = readDocuments(text)
  const [issue] = issues
  if (issue !== undefined)
    throw new ConversionError(`legacy converter: line ${issue.line}: ${issue.message}`)
  const filled = documents.filter(({ root }) => root !== null)
  const [first, second] = filled
  if (second !== undefined)
    throw new ConversionError(
      `legacy converter: line ${second.raw.line}: a file from before Drone 1.0 (it has a line "pipeline:") is one document`,
    )
  if (first?.root?.kind !== 'map')
    throw new ConversionError('legacy converter: the file is not a mapping')
  return first.root
}
