export { type OpenedEngine, openEngine } from './open-engine.ts'
export { type ReadyWorker, runWorker, type WorkerOptions } from './run-worker.ts'
export { machineArch, machineOs } from './worker-profile.ts'
