export { type Printer, serveApi } from './serve-api.ts'
