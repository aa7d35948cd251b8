export { type ApiSettings, allApiSettings, type RunningApi, runApi } from './run-api.ts'
export { type Printer, serveApi } from './serve-api.ts'
