import { decodeMatrix } from './decode-matrix.ts'
import { decodeRetry } from './decode-retry.ts'
import type { Fields } from './fields.ts'
import { noPipelineExtras, type PipelineExtras } from './waggle.ts'
import { WaggleFields } from './waggle-fields.ts'

/** `waggle:` of a pipeline document. */
export const decodeWagglePipeline = (fields: Fields): PipelineExtras => {
  const waggle = WaggleFields.of(fields, ['retry', 'matrix'])
  if (waggle === null) return noPipelineExtras
  return { retry: decodeRetry(waggle, 'pipeline'), matrix: decodeMatrix(waggle) }
}
