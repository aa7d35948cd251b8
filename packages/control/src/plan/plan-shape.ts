import type { LintFinding } from '@waggle/pipeline'
import type { PlanReport, SecretReport, StageReport, StepReport } from './plan-report.ts'

/** A plan as JSON: what `waggle plan --json` prints and `POST /api/plan` answers. */
export const planShape = (report: PlanReport) => ({
  event: report.event,
  ref: report.ref,
  branch: report.branch,
  origin: report.origin,
  would_build: report.stages.length > 0,
  is_error: report.isError,
  reason: report.reason,
  stages: report.stages.map(stageShape),
  skipped: report.skipped,
  issues: report.issues.map(issueShape),
})

/** A mistake as JSON: what `waggle lint --json` prints a list of. */
export const issueShape = (finding: LintFinding) => {
  const { code, message, document, pipeline, path, line, column, ends } = finding
  return { code, message, document, pipeline, path, line, column, ends }
}

const stageShape = (stage: StageReport) => ({
  number: stage.number,
  name: stage.name,
  type: stage.type,
  os: stage.os,
  arch: stage.arch,
  labels: stage.labels,
  limit: stage.limit,
  depends_on: stage.dependsOn,
  on_success: stage.onSuccess,
  on_failure: stage.onFailure,
  status: stage.status,
  blocked: stage.blocked,
  error: stage.error,
  warnings: stage.warnings,
  retries: stage.retries,
  steps: stage.steps.map(stepShape),
  pull_secrets: stage.pullSecrets.map(secretShape),
})

const stepShape = (step: StepReport) => ({
  number: step.number,
  name: step.name,
  role: step.role,
  image: step.image,
  runs: step.runs,
  skipped: step.skipped,
  depends_on: step.dependsOn,
  detach: step.detach,
  privileged: step.privileged,
  timeout_ms: step.timeoutMs,
  retries: step.retries,
  awaited: step.isAwaited,
  secrets: step.secrets.map(secretShape),
})

const secretShape = ({ name, variable, state, reason }: SecretReport) => ({
  name,
  variable,
  state,
  reason,
})
