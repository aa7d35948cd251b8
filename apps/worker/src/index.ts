export { type OpenedEngine, openEngine } from './open-engine.ts'
export { type ReadyWorker, runWorker, type WorkerOptions } from './run-worker.ts'
export { workerMain } from './worker-main.ts'
