import { parentPort } from 'node:worker_threads'

parentPort.on('message', ({ text }) => {
  while (text === 'endless');
  const kept = []
  while (text === 'greedy') kept.push(new Array(10_000).fill(text + kept.length))
  if (text === 'broken') throw new Error('broken')
  parentPort.postMessage({ plan: { kind: 'error', message: text }, readsPaths: false, refusal: null })
})
