import { type Admission, type AdmissionQuestion, isWaggleError } from '@waggle/domain'
import type { ControlDeps } from '../control-deps.ts'

/** Whether somebody may log in (scheduling.md §15.7, §16.5). Nobody may whom the extension cannot be asked about. */
export const admitUser = async (
  { extensions, log }: Pick<ControlDeps, 'extensions' | 'log'>,
  question: AdmissionQuestion,
  signal?: AbortSignal,
): Promise<Admission> => {
  if (extensions?.admit === undefined) return { kind: 'admitted', admin: null }
  try {
    return await extensions.admit(question, signal)
  } catch (err) {
    if (!isWaggleError(err) || err.kind === 'cancelled') throw err
    log.warn('admission extension gave no answer', { err })
    return {
      kind: 'refused',
      message: 'The server cannot check at the moment whether you may log in.',
    }
  }
}
