/** Fires at the first Ctrl-C (or SIGTERM); the second one ends the process. */
export const interruptSignal = (exit: (code: number) => void): AbortSignal => {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (stop.signal.aborted) exit(130)
      stop.abort()
    })
  return stop.signal
}
