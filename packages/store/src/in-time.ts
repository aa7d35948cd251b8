import { timedOut } from '@waggle/domain'

/** How long the work of one transaction may take: it holds locks, and on SQLite everybody else's turn. */
export const transactionMs = 10_000

/** The work's end, or `timeout` `transaction_too_long`. The work itself goes on: its session must be closed to it. */
export const inTime = async <T>(work: Promise<T>, limitMs: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(timedOut('transaction_too_long', 'A database transaction took too long.')),
      limitMs,
    )
  })
  try {
    return await Promise.race([work, over])
  } finally {
    clearTimeout(timer)
  }
}
