export { type ConvertDeps, type ConvertSettings, convert, createConverter } from './convert.ts'
export { folderReader } from './folder-reader.ts'
