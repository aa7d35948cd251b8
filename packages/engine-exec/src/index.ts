export { compileExec } from './compile-exec.ts'
export { createExecEngine, type ExecEngineOptions } from './exec-engine.ts'
