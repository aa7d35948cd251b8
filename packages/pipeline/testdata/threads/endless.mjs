import { pbkdf2Sync } from 'node:crypto'
import { parentPort } from 'node:worker_threads'

/** Rounds of a program that no question interrupts, for some 300 ms of processor time. */
const deafRounds = () => {
  const before = process.threadCpuUsage()
  for (let rounds = 20_000; ; rounds += 20_000) {
    pbkdf2Sync('a', 'b', 20_000, 32, 'sha256')
    const { user, system } = process.threadCpuUsage(before)
    if (user + system > 40_000) return Math.ceil((rounds * 260_000) / (user + system))
  }
}

parentPort.on('message', ({ text }) => {
  while (text === 'endless');
  const kept = []
  while (text === 'greedy') kept.push(new Array(10_000).fill(text + kept.length))
  if (text === 'broken') throw new Error('broken')
  if (text === 'deaf') pbkdf2Sync('a', 'b', deafRounds(), 32, 'sha256')
  parentPort.postMessage({ plan: { kind: 'error', message: text }, readsPaths: false, refusal: null })
})
