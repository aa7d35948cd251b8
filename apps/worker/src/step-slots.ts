/** Room for a number of steps at once over all stages of the worker; first come, first served. */
export const createStepSlots = (most: number): ((signal: AbortSignal) => Promise<() => void>) => {
  let free = most
  const waiting: (() => void)[] = []
  const give = () => {
    const next = waiting.shift()
    if (next) next()
    else free++
  }
  const release = () => {
    let isDone = false
    return () => {
      if (!isDone) give()
      isDone = true
    }
  }
  return (signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      if (free > 0) {
        free--
        return resolve(release())
      }
      const take = () => {
        signal.removeEventListener('abort', leave)
        resolve(release())
      }
      const leave = () => {
        waiting.splice(waiting.indexOf(take), 1)
        reject(signal.reason)
      }
      waiting.push(take)
      signal.addEventListener('abort', leave, { once: true })
    })
}
