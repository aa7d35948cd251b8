export { createLogger, type LoggerOptions } from './create-logger.ts'
export { createMetrics, type Metrics, type ServerLoad } from './create-metrics.ts'
export { settleMemory } from './settle-memory.ts'
